package typescript

import (
	"io/fs"
	"regexp"
	"strings"

	sdk "github.com/centrirpc/centrirpc/sdk/typescript"
)

// baseEntry is the base client's file that everything public comes from.
const baseEntry = "rpc-client.ts"

// baseClient is the base client's source: src/rpc-*.ts of sdk/typescript.
func baseClient() map[string][]byte {
	files := map[string][]byte{}
	for name, source := range baseSources() {
		files[name] = []byte(header + "\n" + source)
	}
	return files
}

func baseSources() map[string]string {
	paths, err := fs.Glob(sdk.Source, "src/rpc-*.ts")
	if err != nil || len(paths) == 0 {
		panic("centrirpc: the base client's source is not embedded")
	}
	sources := map[string]string{}
	for _, path := range paths {
		data, err := sdk.Source.ReadFile(path)
		if err != nil {
			panic("centrirpc: the base client's source is not embedded: " + err.Error())
		}
		sources[strings.TrimPrefix(path, "src/")] = string(data)
	}
	return sources
}

var (
	exportAll   = regexp.MustCompile(`(?m)^export (?:type )?\* from "\./([\w-]+)\.js";`)
	exportNames = regexp.MustCompile(`(?ms)^export (?:type )?\{(.*?)\}`)
	exportOne   = regexp.MustCompile(`(?m)^export (?:abstract )?(?:async )?(?:class|interface|type|const|function) (\w+)`)
	identifier  = regexp.MustCompile(`\w+`)
)

// baseExports are the names that the base client exports: index.ts exports them
// next to the contract's types, so none of those can have the same name.
func baseExports() map[string]bool {
	sources, names := baseSources(), map[string]bool{}
	var visit func(file string)
	visit = func(file string) {
		source := sources[file]
		for _, m := range exportAll.FindAllStringSubmatch(source, -1) {
			visit(m[1] + ".ts")
		}
		for _, m := range exportNames.FindAllStringSubmatch(source, -1) {
			for _, name := range identifier.FindAllString(m[1], -1) {
				names[name] = true
			}
		}
		for _, m := range exportOne.FindAllStringSubmatch(source, -1) {
			names[m[1]] = true
		}
	}
	visit(baseEntry)
	return names
}
