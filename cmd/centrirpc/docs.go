package main

import (
	"flag"
	"fmt"

	"github.com/centrirpc/centrirpc/contract/markdown"
	"github.com/centrirpc/centrirpc/contract/openrpc"
)

func docsCommand() *command {
	return &command{
		name:    "docs",
		usage:   "PKG -format openrpc|markdown [-o FILE] [-name NAME] [-func NAME]",
		summary: "Write the documentation of a Go package's methods",
		text: packageText + `

The formats are:
  markdown  a reference to read: methods, channels, errors and types, linked with
            one another, for GitHub and what renders its Markdown
  openrpc   an OpenRPC 1.3 document, for tools: methods with JSON Schema
            (draft-07) of their params and results; what OpenRPC has no word for
            stands under x-centrirpc

Exit codes: 0 done, 2 nothing could be written.

Examples:
  centrirpc docs ./api -format markdown -o API.md
  centrirpc docs sdk/contract.json -format openrpc -o openrpc.json
  centrirpc docs ./api -format openrpc | jq '.methods[].name'`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var d documentation
			d.contract.define(flags)
			flags.StringVar(&d.format, "format", "", "`format` to write: openrpc or markdown (required)")
			flags.StringVar(&d.file, "o", "", "write to this `file` instead of standard output (or -)")
			return d.run
		},
	}
}

type documentation struct {
	contract contractFlags
	format   string
	file     string
}

func (d *documentation) run(e *environment, args []string) (int, error) {
	pkg, err := one(args, "a package, such as ./api, or a contract.json")
	if err != nil {
		return exitUsage, err
	}
	formats := []string{"openrpc", "markdown"}
	switch d.format {
	case "openrpc", "markdown":
	case "":
		return usagef("give the format with -format: openrpc or markdown")
	default:
		return usagef("-format: %s (openrpc or markdown)", unknown("format", d.format, formats))
	}
	c, err := d.contract.read(e, pkg)
	if err != nil {
		return exitUsage, err
	}
	written := markdown.Document(c)
	if d.format == "openrpc" {
		if written, err = openrpc.Document(c); err != nil {
			return exitUsage, err
		}
	}
	if d.file == "" || d.file == "-" {
		_, err = e.stdout.Write(written)
	} else {
		err = writeFile(d.file, written)
	}
	if err != nil {
		return exitUsage, fmt.Errorf("writing the documentation: %w", err)
	}
	return exitOK, nil
}
