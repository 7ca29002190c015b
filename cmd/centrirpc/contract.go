package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func contractCommand() *command {
	return &command{
		name:    "contract",
		usage:   "PKG [-o FILE [-check]] [-name NAME] [-func NAME]",
		summary: "Print the contract of a Go package",
		text: packageText + `

Examples:
  centrirpc contract ./api
  centrirpc contract ./api -o api/contract.json
  centrirpc contract ./api -o api/contract.json -check      # in continuous integration

Exit codes: 0 done, 1 the file is stale (-check), 2 nothing could be read.`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var f contractFlags
			f.define(flags)
			file := flags.String("o", "", "write to this `file` instead of standard output")
			check := flags.Bool("check", false, "write nothing; exit with 1 if the `file` of -o is not what would be written")
			return func(e *environment, args []string) (int, error) {
				if *check && (*file == "" || *file == "-") {
					return usagef("-check compares with a file: name it with -o")
				}
				pkg, err := one(args, "a package, such as ./api")
				if err != nil {
					return exitUsage, err
				}
				c, err := f.read(e, pkg)
				if err != nil {
					return exitUsage, err
				}
				encoded, err := c.Encode()
				if err != nil {
					return exitUsage, err
				}
				if *check {
					return checkFile(e, *file, encoded)
				}
				if *file == "" || *file == "-" {
					_, err = e.stdout.Write(encoded)
				} else {
					err = writeFile(*file, encoded)
				}
				if err != nil {
					return exitUsage, fmt.Errorf("writing the contract: %w", err)
				}
				return exitOK, nil
			}
		},
	}
}

func checkFile(e *environment, name string, want []byte) (int, error) {
	have, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(e.stdout, "%s: is missing\n", filepath.ToSlash(name))
		return exitFailed, nil
	case err != nil:
		return exitUsage, err
	case !bytes.Equal(have, want):
		fmt.Fprintf(e.stdout, "%s: is stale\n", filepath.ToSlash(name))
		return exitFailed, nil
	}
	return exitOK, nil
}

// writeFile replaces the file at once, or not at all. A symbolic link is
// followed.
func writeFile(name string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a pipe or a device, which cannot be replaced
		return os.WriteFile(name, data, 0o666)
	}
	side := name + ".centrirpc-new"
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(side))
		}
	}()
	if err := os.WriteFile(side, data, 0o666); err != nil {
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			pathError.Path = name // and not that of the file that stands in for it
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; make the directory %s first", err, filepath.ToSlash(filepath.Dir(name)))
		}
		return err
	}
	return os.Rename(side, name)
}
