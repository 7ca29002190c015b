package gopackage

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes/source"
)

// Options of Load.
type Options struct {
	// Dir is where the go command runs; empty means the current directory.
	Dir string
	// Func names the function that returns the router; empty means the only one
	// there is.
	Func string
	// Limit bounds how long that function may run: it only registers handlers.
	// Zero means a minute.
	Limit time.Duration
	// Warn is told what is valid and surely not meant, such as misspelt keys of
	// tags; nil tells nobody.
	Warn func(contract.Problem)
}

// Load is the contract of the router that the package returns, with what its
// source says: doc comments and enum constants. pattern is an import path or a
// directory, as the go command takes it, and must name one package. Errors are
// for people: they name what is wrong in the package and how to mend it.
func Load(ctx context.Context, pattern string, opts Options) (*contract.Contract, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	l := &loader{ctx: ctx, dir: dir, limit: cmp.Or(opts.Limit, time.Minute)}
	l.scratch, err = os.MkdirTemp("", "centrirpc-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(l.scratch)

	if err := l.find(pattern); err != nil {
		return nil, err
	}
	function, err := l.chooseFunction(opts.Func)
	if err != nil {
		if broken := l.compile(); broken != nil { // so the function may be in code that does not even parse
			return nil, broken
		}
		return nil, err
	}
	reflected, err := l.reflect(function)
	if err != nil {
		return nil, err
	}
	code, err := l.source()
	if err != nil {
		return nil, err
	}
	if err := code.Enrich(reflected); err != nil {
		return nil, err
	}
	if opts.Warn != nil {
		for _, doubt := range code.Doubts() {
			opts.Warn(doubt)
		}
	}
	return reflected, nil
}

// loader is one run of Load.
type loader struct {
	ctx     context.Context
	dir     string
	limit   time.Duration
	scratch string // a temporary directory
	pkg     listed
	overlay map[string][]byte // files as the go command is to see them
}

// listed is what go list says of a package.
type listed struct {
	Dir           string
	ImportPath    string
	Name          string
	Standard      bool
	GoFiles       []string
	CgoFiles      []string
	EmbedPatterns []string // as they are written
	EmbedFiles    []string // those that are there
	Module        *struct {
		Main bool
		Dir  string
		Path string
	}
	Error *struct {
		Pos string
		Err string
	}
}

// find looks the package up without compiling it.
func (l *loader) find(pattern string) error {
	if strings.HasPrefix(pattern, "-") {
		return fmt.Errorf("%q is not a package: give a directory such as ./api, or an import path", pattern)
	}
	if strings.HasSuffix(pattern, ".go") {
		return fmt.Errorf("%s is a file: give the package's directory, %s", pattern, filepath.ToSlash(filepath.Join(".", filepath.Dir(pattern))))
	}
	found, err := l.list(pattern)
	if err != nil {
		return err
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("%s names no package: give a directory such as ./api, or an import path", pattern)
	case 1:
		l.pkg = found[0]
	default:
		return fmt.Errorf("%s names %d packages: give the one that has the function returning the router", pattern, len(found))
	}
	if err := l.standIn(); err != nil {
		return err
	}
	switch {
	case l.pkg.Error != nil && !strings.Contains(l.pkg.Error.Err, "no matching files found"):
		return errors.New(strings.TrimPrefix(l.pkg.Error.Pos+": "+l.pkg.Error.Err, ": "))
	case l.pkg.Name == "main":
		return fmt.Errorf("%s is a program (package main), which cannot be imported: move the function that returns the router into a package of its own, such as ./api, and name that", pattern)
	case l.pkg.Name == "" || len(l.pkg.GoFiles)+len(l.pkg.CgoFiles) == 0:
		return fmt.Errorf("%s has no Go files", pattern)
	}
	return nil
}

func (l *loader) list(patterns ...string) ([]listed, error) {
	args := append([]string{"list", "-e", "-json=Dir,ImportPath,Name,Standard,GoFiles,CgoFiles,EmbedPatterns,EmbedFiles,Module,Error", "--"}, patterns...)
	stdout, stderr, err := l.goCommand(args...)
	if err != nil {
		return nil, commandError(stderr, err)
	}
	var found []listed
	for d := json.NewDecoder(bytes.NewReader(stdout)); d.More(); {
		var p listed
		if err := d.Decode(&p); err != nil {
			return nil, fmt.Errorf("reading the output of go list: %w", err)
		}
		found = append(found, p)
	}
	return found, nil
}

// goCommand runs the go command for this machine, whatever machine GOOS and
// GOARCH name: what it builds is run here.
func (l *loader) goCommand(args ...string) (stdout, stderr []byte, err error) {
	cmd := exec.CommandContext(l.ctx, "go", args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "PWD="+l.dir)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		err = errors.New("the go command is not in the PATH: install Go from https://go.dev/dl")
	}
	return out.Bytes(), problems.Bytes(), err
}

func commandError(stderr []byte, err error) error {
	if message := strings.TrimSpace(string(stderr)); message != "" {
		return errors.New(message)
	}
	return err
}

// emptyContract stands in for the contract that the package embeds.
const emptyContract = `{"centrirpc":1,"name":"api","methods":[],"types":[]}` + "\n"

// standIn hides the contract.json that the package embeds: the file may not be
// there yet, or be broken by a merge, and is what this run is going to make.
func (l *loader) standIn() error {
	l.overlay = map[string][]byte{}
	for _, pattern := range slices.Concat(l.pkg.EmbedPatterns, l.pkg.EmbedFiles) {
		pattern = strings.TrimPrefix(pattern, "all:")
		if filepath.Base(pattern) != "contract.json" {
			continue
		}
		path := filepath.Join(l.pkg.Dir, filepath.FromSlash(pattern))
		data, err := os.ReadFile(path)
		if err == nil && json.Valid(data) && !bytes.Contains(data, []byte(`"centrirpc"`)) {
			continue // a contract.json of some other kind
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		l.overlay[path] = []byte(emptyContract)
	}
	return nil
}

func (l *loader) source() (*source.Source, error) {
	return source.Open(l.dir, l.pkg.ImportPath, l.overlay)
}
