package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func contractCommand() *command {
	return &command{
		name:    "contract",
		usage:   "PKG [-o FILE] [-name NAME] [-func NAME]",
		summary: "Print the contract of a Go package",
		text: packageText + `

Examples:
  centrirpc contract ./api
  centrirpc contract ./api -o contract.json`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var f contractFlags
			f.define(flags)
			file := flags.String("o", "", "write to this `file` instead of standard output")
			return func(e *environment, args []string) (int, error) {
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
		return err
	}
	return os.Rename(side, name)
}
