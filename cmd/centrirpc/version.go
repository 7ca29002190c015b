package main

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

func versionCommand() *command {
	return &command{
		name:    "version",
		usage:   "",
		summary: "Print the version",
		prepare: func(*flag.FlagSet) func(*environment, []string) (int, error) {
			return func(e *environment, args []string) (int, error) {
				if len(args) > 0 {
					return usagef("version takes no arguments, not %q", args)
				}
				fmt.Fprintf(e.stdout, "centrirpc %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return exitOK, nil
			}
		},
	}
}

// version is that of the module that this program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
