package gopackage

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/contract"
)

//go:embed program.go.txt
var program string

// virtualDir is the program's directory. It exists in the go command's overlay
// only, inside the package's own tree, so that an internal package can be
// imported.
const virtualDir = "zz_centrirpc_contract"

type report struct {
	Contract json.RawMessage `json:"contract"`
	Problem  string          `json:"problem"`
	Panic    string          `json:"panic"`
	At       string          `json:"at"`
}

// reflect builds and runs the program that calls the function, and reads the
// contract from it.
func (l *loader) reflect(function string) (*contract.Contract, error) {
	binary, err := l.build(function)
	if err != nil {
		return nil, err
	}
	r, err := l.run(binary, function)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Panic != "":
		return nil, l.panicError(function, r)
	case r.Problem != "":
		return nil, fmt.Errorf("%s.%s %s. It is called with zero values for its parameters: give a function that returns the router then", l.pkg.ImportPath, function, r.Problem)
	}
	return contract.Decode(r.Contract)
}

// build compiles the program and returns its path.
func (l *loader) build(function string) (string, error) {
	parentDir, parentPath := l.pkg.Dir, l.pkg.ImportPath
	if l.pkg.Module == nil {
		return "", fmt.Errorf("%s is in no module: run go mod init in its directory", l.pkg.ImportPath)
	}
	if !l.pkg.Module.Main { // a dependency's directory takes no overlay
		stdout, stderr, err := l.goCommand("list", "-m", "-f", "{{.Dir}}\t{{.Path}}")
		if err != nil {
			return "", commandError(stderr, err)
		}
		first, _, _ := strings.Cut(string(stdout), "\n")
		parentDir, parentPath, _ = strings.Cut(first, "\t")
	}
	code := strings.NewReplacer("PACKAGE", strconv.Quote(l.pkg.ImportPath), "FUNCTION", function).Replace(program)
	replace := map[string]string{}
	files := map[string][]byte{filepath.Join(parentDir, virtualDir, "main.go"): []byte(code)}
	for path, data := range l.overlay {
		files[path] = data
	}
	for path, data := range files {
		real := filepath.Join(l.scratch, strconv.Itoa(len(replace))+"_"+filepath.Base(path))
		if err := os.WriteFile(real, data, 0o600); err != nil {
			return "", err
		}
		replace[path] = real
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlayFile := filepath.Join(l.scratch, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return "", err
	}
	binary := filepath.Join(l.scratch, "contract")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	// Without debugging information it is linked faster.
	_, stderr, err := l.goCommand("build", "-overlay", overlayFile, "-ldflags=-s -w", "-o", binary, parentPath+"/"+virtualDir)
	if err != nil {
		return "", fmt.Errorf("%s does not compile:\n%w", l.pkg.ImportPath, commandError(stderr, err))
	}
	return binary, nil
}

// run runs the program. What the user's code prints is shown only if the program
// ends without a report.
func (l *loader) run(binary, function string) (report, error) {
	ctx, cancel := context.WithTimeout(l.ctx, l.limit)
	defer cancel()
	reportFile := filepath.Join(l.scratch, "report.json")
	cmd := exec.CommandContext(ctx, binary)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "CENTRIRPC_CONTRACT_FILE="+reportFile)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	cmd.WaitDelay = time.Second
	runErr := cmd.Run()
	if l.ctx.Err() != nil {
		return report{}, l.ctx.Err()
	}
	if ctx.Err() != nil {
		return report{}, fmt.Errorf("%s.%s did not return within %v: it should register handlers only; open databases and serve elsewhere", l.pkg.ImportPath, function, l.limit)
	}
	data, err := os.ReadFile(reportFile)
	if err != nil {
		message := strings.TrimSpace(printed.String())
		if message != "" {
			message = ":\n" + message
		}
		return report{}, fmt.Errorf("%s.%s ended the program (%w)%s\n%s", l.pkg.ImportPath, function, exitStatus(runErr), message, zeroValuesAdvice)
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		return report{}, fmt.Errorf("reading what %s wrote: %w", binary, err)
	}
	return r, nil
}

func exitStatus(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

const zeroValuesAdvice = "It is called with zero values for its parameters (nil for pointers and interfaces): give a function that only registers handlers and works with those, and name it with -func if there are several"

func (l *loader) panicError(function string, r report) error {
	if message, ok := strings.CutPrefix(r.Panic, "centrirpc: "); ok { // a refused registration, with its own advice
		if code, err := l.source(); err == nil {
			message = code.LocateText(message)
		}
		return errors.New(l.relative(message))
	}
	at := ""
	if r.At != "" {
		at = " at " + l.relative(r.At)
	}
	return fmt.Errorf("%s.%s panicked%s: %s\n%s", l.pkg.ImportPath, function, at, r.Panic, zeroValuesAdvice)
}

// relative shortens the paths of files below the current directory.
func (l *loader) relative(message string) string {
	return strings.ReplaceAll(message, filepath.ToSlash(l.dir)+"/", "")
}
