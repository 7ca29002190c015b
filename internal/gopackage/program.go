package gopackage

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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

// linkerFlags leave out debugging information, which is faster, and make the
// router keep wrong registrations instead of panicking at the first.
const linkerFlags = "-s -w -X " + rootPackage + ".keepRefusals=yes"

type report struct {
	Contract json.RawMessage `json:"contract"`
	Problem  string          `json:"problem"`
	Refused  []refusal       `json:"refused"`
	Panic    string          `json:"panic"`
	At       string          `json:"at"`
}

// refusal is a wrong registration, told with all of its problems.
type refusal struct {
	Text     string            `json:"text"`
	Problems contract.Problems `json:"problems"`
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
	if err := l.fault(function, r); err != nil {
		return nil, err
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
	files := maps.Clone(l.overlay)
	files[filepath.Join(parentDir, virtualDir, "main.go")] = []byte(code)
	binary := filepath.Join(l.scratch, "contract")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if err := l.goBuild(files, "-ldflags="+linkerFlags, "-o", binary, parentPath+"/"+virtualDir); err != nil {
		return "", err
	}
	return binary, nil
}

// compile is what the compiler says against the package; nil if nothing.
func (l *loader) compile() error {
	return l.goBuild(l.overlay, l.pkg.ImportPath)
}

// goBuild runs go build, which sees the files at their paths.
func (l *loader) goBuild(files map[string][]byte, args ...string) error {
	replace := map[string]string{}
	for path, data := range files {
		real := filepath.Join(l.scratch, strconv.Itoa(len(replace))+"_"+filepath.Base(path))
		if err := os.WriteFile(real, data, 0o600); err != nil {
			return err
		}
		replace[path] = real
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	overlayFile := filepath.Join(l.scratch, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return err
	}
	_, stderr, err := l.goCommand(append([]string{"build", "-overlay", overlayFile}, args...)...)
	if err != nil {
		return fmt.Errorf("%s does not compile:\n%w", l.pkg.ImportPath, commandError(stderr, err))
	}
	return nil
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

// fault is what is wrong according to the report: all of it, or nil.
func (l *loader) fault(function string, r report) error {
	faults := l.refusals(r)
	switch {
	case r.Panic != "":
		at := ""
		if r.At != "" {
			at = " at " + l.relative(r.At)
		}
		faults = append(faults, fmt.Sprintf("%s.%s panicked%s: %s\n%s", l.pkg.ImportPath, function, at, r.Panic, zeroValuesAdvice))
	case r.Problem != "":
		faults = append(faults, fmt.Sprintf("%s.%s %s. It is called with zero values for its parameters: give a function that returns the router then", l.pkg.ImportPath, function, r.Problem))
	}
	switch len(faults) {
	case 0:
		return nil
	case 1:
		return errors.New(faults[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s.%s has %d faults:", l.pkg.ImportPath, function, len(faults))
	for i, fault := range faults {
		number := strconv.Itoa(i+1) + ". "
		b.WriteString("\n" + number + strings.ReplaceAll(fault, "\n", "\n"+strings.Repeat(" ", len(number))))
	}
	return errors.New(b.String())
}

// refusals are the wrong registrations, each with its own advice, and with files
// and lines for Go names.
func (l *loader) refusals(r report) []string {
	if len(r.Refused) == 0 {
		return nil
	}
	code, err := l.source()
	faults := make([]string, len(r.Refused))
	for i, refused := range r.Refused {
		faults[i] = refused.Text
		if len(refused.Problems) > 0 {
			if err == nil {
				code.Locate(refused.Problems)
			}
			faults[i] += ": " + refused.Problems.Error()
		}
		faults[i] = l.relative(faults[i])
	}
	return faults
}

// relative shortens the paths of files below the current directory.
func (l *loader) relative(message string) string {
	return strings.ReplaceAll(message, filepath.ToSlash(l.dir)+"/", "")
}
