package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/codegen"
	"github.com/centrirpc/centrirpc/contract"
)

// generation is how long it takes to generate the clients of a large contract.
type generation struct {
	Methods       int         `json:"methods"`
	Types         int         `json:"types"`
	Errors        int         `json:"errors"`
	Channels      int         `json:"channels"`
	ContractBytes int         `json:"contract_bytes"`
	Runs          int         `json:"runs"`
	Rows          []generated `json:"rows"`
}

// generated is one language, or all of them: Language is then "all together".
type generated struct {
	Language string `json:"language"`
	// Median, Least and Most of the runs.
	Median time.Duration `json:"median_ns"`
	Least  time.Duration `json:"least_ns"`
	Most   time.Duration `json:"most_ns"`
	// CPU is the median of the processor time that a run took, on all cores.
	CPU time.Duration `json:"cpu_ns"`
	// What there is besides contract.json.
	Files int `json:"files"`
	Bytes int `json:"bytes"`
	Lines int `json:"lines"`
	// Compiler is empty where nothing was compiled.
	Compiler string        `json:"compiler,omitempty"`
	Compiled time.Duration `json:"compiled_ns,omitempty"`
}

// measureGeneration generates so many times, in each language in turn, what
// `centrirpc generate` would from such a contract, and compiles it if that is
// wanted. It checks that each run gives the same bytes.
func measureGeneration(ctx context.Context, methods, runs int, compile bool) (*generation, error) {
	c := largeContract(methods)
	data, err := c.Encode()
	if err != nil {
		return nil, err
	}
	g := &generation{Methods: len(c.Methods), Types: len(c.Types), Errors: len(c.Errors), Channels: len(c.Channels), ContractBytes: len(data), Runs: runs}
	chosen := [][]codegen.Language{codegen.Languages()}
	for _, language := range codegen.Languages() {
		chosen = append(chosen, []codegen.Language{language})
	}
	times, processor := make([][]float64, len(chosen)), make([][]float64, len(chosen))
	files := make([][]codegen.File, len(chosen))
	for range runs {
		for i, languages := range chosen {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			runtime.GC()
			before, err := usageNow()
			if err != nil {
				return nil, err
			}
			took, made, err := generateOnce(data, languages)
			if err != nil {
				return nil, err
			}
			after, err := usageNow()
			if err != nil {
				return nil, err
			}
			if files[i] != nil && !sameFiles(files[i], made) {
				return nil, fmt.Errorf("generating %v twice gives different files", languages)
			}
			files[i] = made
			times[i] = append(times[i], float64(took))
			processor[i] = append(processor[i], float64(after.CPU-before.CPU))
		}
	}
	for i, languages := range chosen {
		row := generated{
			Language: "all together", CPU: time.Duration(median(processor[i])),
			Median: time.Duration(median(times[i])), Least: time.Duration(slices.Min(times[i])), Most: time.Duration(slices.Max(times[i])),
		}
		for _, f := range files[i] {
			if f.Path == codegen.ContractFile {
				continue
			}
			row.Files++
			row.Bytes += len(f.Data)
			row.Lines += strings.Count(string(f.Data), "\n")
		}
		if len(languages) == 1 {
			row.Language = string(languages[0])
			if compile {
				if row.Compiler, row.Compiled, err = compileClient(ctx, languages[0], files[i]); err != nil {
					return nil, err
				}
			}
		}
		g.Rows = append(g.Rows, row)
	}
	return g, nil
}

// generateOnce reads the contract, checks it and generates, as the command does.
func generateOnce(data []byte, languages []codegen.Language) (time.Duration, []codegen.File, error) {
	start := time.Now()
	c, err := contract.Decode(data)
	if err != nil {
		return 0, nil, err
	}
	files, err := codegen.Generate(c, codegen.Options{Languages: languages})
	return time.Since(start), files, err
}

func sameFiles(a, b []codegen.File) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Path != b[i].Path || string(a[i].Data) != string(b[i].Data) {
			return false
		}
	}
	return true
}

// compileClient has the language's own compiler check a client, strictly, and
// says what that was and how long it took.
func compileClient(ctx context.Context, language codegen.Language, files []codegen.File) (compiler string, took time.Duration, err error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", 0, err
	}
	dir, err := os.MkdirTemp("", "centrirpc-bench-")
	if err != nil {
		return "", 0, err
	}
	defer os.RemoveAll(dir)
	// Python wants a directory that is named as the package.
	at := strings.NewReplacer(string(codegen.Python)+"/", "large_client/")
	for _, f := range files {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(at.Replace(f.Path))), f.Data); err != nil {
			return "", 0, err
		}
	}
	var command *exec.Cmd
	switch language {
	case codegen.TypeScript:
		modules := filepath.Join(root, "sdk", "typescript", "node_modules")
		if err := needed(modules); err != nil {
			return "", 0, err
		}
		if err := os.Symlink(modules, filepath.Join(dir, "typescript", "node_modules")); err != nil {
			return "", 0, err
		}
		compiler = "tsc"
		command = exec.CommandContext(ctx, filepath.Join(modules, ".bin", "tsc"))
		command.Dir = filepath.Join(dir, "typescript")
	case codegen.Python:
		python := filepath.Join(root, ".venv", "bin", "python")
		if err := needed(python); err != nil {
			return "", 0, err
		}
		compiler = "mypy --strict"
		command = exec.CommandContext(ctx, python, "-m", "mypy", "--strict", "--cache-dir", filepath.Join(dir, "cache"), "large_client")
		command.Dir = dir
	default:
		sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
		if err != nil {
			return "", 0, err
		}
		mod := "module example.org/large\n\ngo 1.26.0\n\nrequire github.com/centrirpc/centrirpc v0.0.0\n\nreplace github.com/centrirpc/centrirpc => " + root + "\n"
		if err := writeFile(filepath.Join(dir, "go.sum"), sum); err != nil {
			return "", 0, err
		}
		if err := writeFile(filepath.Join(dir, "go.mod"), []byte(mod)); err != nil {
			return "", 0, err
		}
		compiler = "go vet"
		command = exec.CommandContext(ctx, "go", "vet", "-mod=mod", "./...")
		command.Dir = dir
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	}
	start := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		return "", 0, fmt.Errorf("%s of the generated client: %w\n%.4000s", compiler, err, out)
	}
	return compiler, time.Since(start), nil
}

func needed(tool string) error {
	if _, err := os.Stat(tool); err != nil {
		return fmt.Errorf("%s is missing: run `make setup` in the repository's root first", tool)
	}
	return nil
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

func (g *generation) markdown() []byte {
	b := fmt.Appendf(nil, "\n### Generating\n\nClients of a contract of %d methods, %d types, %d errors and %d channels (%.1f MiB of JSON): reading it, checking it and generating, %d runs.\n\n",
		g.Methods, g.Types, g.Errors, g.Channels, float64(g.ContractBytes)/(1<<20), g.Runs)
	b = append(b, "| language | median s | least s | most s | CPU s | files | lines | MiB | compiles |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"...)
	for _, r := range g.Rows {
		compiled := ""
		if r.Compiler != "" {
			compiled = fmt.Sprintf("%s, %.1f s", r.Compiler, r.Compiled.Seconds())
		}
		b = fmt.Appendf(b, "| %s | %.2f | %.2f | %.2f | %.2f | %d | %d | %.1f | %s |\n",
			r.Language, r.Median.Seconds(), r.Least.Seconds(), r.Most.Seconds(), r.CPU.Seconds(), r.Files, r.Lines, float64(r.Bytes)/(1<<20), compiled)
	}
	return b
}
