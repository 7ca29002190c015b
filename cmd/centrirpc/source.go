package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/jsonschema"
	"github.com/centrirpc/centrirpc/internal/gopackage"
)

const packageText = `PKG is a Go package, as a directory (./api) or an import path, with one exported
function that returns a *centrirpc.Router, or a *centrirpc.Router and an error.
The function is called to see what it registers, with zero values for its
parameters; no handler runs. PKG may also be a contract.json, or the file that
"python -m centrirpc export" writes of Pydantic handlers. Build tags are taken
from GOFLAGS: GOFLAGS=-tags=pro.`

// contractFlags are the flags of commands that read a contract.
type contractFlags struct {
	function string
	name     string
}

func (f *contractFlags) define(flags *flag.FlagSet) {
	flags.StringVar(&f.function, "func", "", "`name` of the function that returns the router, if the package has several")
	flags.StringVar(&f.name, "name", "", "`name` of the API, instead of the one that the router has: packages are named after it")
}

var apiName = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+)*$`)

// read is the contract of a package, or of a contract's file.
func (f *contractFlags) read(e *environment, pkg string) (*contract.Contract, error) {
	if f.name != "" && !apiName.MatchString(f.name) {
		return nil, usageError(fmt.Sprintf("-name %q: give lower-case words joined by _ or -, such as task_board", f.name))
	}
	c, err := f.load(e, pkg)
	if err != nil {
		return nil, err
	}
	if f.name != "" {
		c.Name = f.name
	}
	return c, nil
}

func (f *contractFlags) load(e *environment, pkg string) (*contract.Contract, error) {
	if !strings.HasSuffix(pkg, ".json") {
		if info, err := os.Stat(pkg); err == nil && info.Mode().IsRegular() && !strings.HasSuffix(pkg, ".go") {
			if strings.HasSuffix(pkg, ".py") {
				return nil, fmt.Errorf("%s is Python: export its handlers with \"python -m centrirpc export MODULE -o handlers.json\", and give that file", pkg)
			}
			return nil, fmt.Errorf("%s is a file: give a Go package's directory, such as ./api, or a contract, whose name ends in .json", pkg)
		}
		c, err := gopackage.Load(e.ctx, pkg, gopackage.Options{Func: f.function, Warn: func(doubt contract.Problem) { e.warn(doubt.Error()) }})
		if err == nil && len(c.Methods)+len(c.Channels) == 0 {
			e.warn(pkg + ": the router has no methods and no channels; register them in the function that returns it")
		}
		return c, err
	}
	if f.function != "" {
		return nil, usageError("-func is for Go packages: " + pkg + " is a contract already")
	}
	data, err := os.ReadFile(pkg)
	if err != nil {
		return nil, err
	}
	if jsonschema.IsSource(data) {
		c, problems, err := jsonschema.Convert(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pkg, err)
		}
		if len(problems) > 0 {
			return nil, fmt.Errorf("%s:\n%w", pkg, problems)
		}
		return c, nil
	}
	c, err := contract.Decode(data)
	if err != nil {
		if isOther(data) {
			err = fmt.Errorf(`%w, and so is "centrirpc_source", which "python -m centrirpc export" writes`, err)
		}
		return nil, fmt.Errorf("%s: %w", pkg, err)
	}
	return c, nil
}

// isOther says whether data is a JSON object that is neither a contract nor an
// export of Python handlers.
func isOther(data []byte) bool {
	var head map[string]json.RawMessage
	if json.Unmarshal(data, &head) != nil {
		return false
	}
	_, ours := head["centrirpc"]
	return !ours
}
