package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/centrirpc/centrirpc/codegen"
	"github.com/centrirpc/centrirpc/codegen/golang"
)

func generateCommand() *command {
	return &command{
		name:    "generate",
		usage:   "PKG -o DIR [-lang LIST] [-name NAME] [-func NAME] [-go-module PATH] [-ts-validate] [-check]",
		summary: "Generate typed clients from a Go package",
		text: packageText + `

DIR gets contract.json and a directory for each language. Files that were
generated into it before are replaced, or removed if they are no longer
generated; other files are left alone. The generated files are meant to be
committed.

Exit codes: 0 done, 1 files are stale (-check), 2 nothing could be generated.

Examples:
  centrirpc generate ./api -o sdk
  centrirpc generate ./api -o web/src/api -lang typescript
  centrirpc generate ./api -o sdk -check                    # in continuous integration
  centrirpc generate sdk/contract.json -o ../client -lang python

In a Go file of the package itself:
  //go:generate go tool centrirpc generate . -o ../sdk`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var g generation
			g.contract.define(flags)
			flags.StringVar(&g.dir, "o", "", "output `directory` (required)")
			flags.StringVar(&g.languages, "lang", "", "`languages` to generate, joined by commas: typescript, python, go (default all)")
			flags.StringVar(&g.goModule, "go-module", "", "make the Go client a module of its own with this `path`; without it, it is a package of the module around DIR")
			flags.StringVar(&g.goReplace, "go-replace", "", "with -go-module: the `directory` of github.com/centrirpc/centrirpc, for a replace line in the go.mod")
			flags.BoolVar(&g.tsValidate, "ts-validate", false, "give the TypeScript client schemas of each method's params, in validate.ts; it then needs the package valibot")
			flags.BoolVar(&g.check, "check", false, "write nothing; list what is stale and exit with 1 if anything is")
			return g.run
		},
	}
}

type generation struct {
	contract   contractFlags
	dir        string
	languages  string
	goModule   string
	goReplace  string
	tsValidate bool
	check      bool
}

func (g *generation) run(e *environment, args []string) (int, error) {
	pkg, err := one(args, "a package, such as ./api")
	if err != nil {
		return exitUsage, err
	}
	if g.dir == "" {
		return usagef("give the output directory with -o")
	}
	if info, err := os.Stat(g.dir); err == nil && !info.IsDir() {
		return usagef("-o %s: it is a file; give a directory", g.dir)
	}
	opts, err := g.options()
	if err != nil {
		return exitUsage, err
	}
	c, err := g.contract.read(e, pkg)
	if err != nil {
		return exitUsage, err
	}
	files, err := codegen.Generate(c, opts)
	if err != nil {
		return exitUsage, err
	}
	if g.check {
		return g.report(e, files)
	}
	if err := codegen.Write(g.dir, files); err != nil {
		return exitUsage, err
	}
	fmt.Fprintf(e.stdout, "%s: %d methods, %d files\n", filepath.ToSlash(g.dir), len(c.Methods), len(files))
	return exitOK, nil
}

func (g *generation) options() (codegen.Options, error) {
	opts := codegen.Options{Go: golang.Options{Module: g.goModule, Replace: g.goReplace, ModuleVersion: release(version())}}
	opts.TypeScript.Validate = g.tsValidate
	if g.goModule == "" {
		opts.Go.ImportPath = importPath(filepath.Join(g.dir, string(codegen.Go)))
	}
	if g.goReplace != "" && g.goModule == "" {
		return opts, usageError("-go-replace is for the go.mod that -go-module makes: give that too")
	}
	if g.goModule != "" && (!fs.ValidPath(g.goModule) || strings.ContainsFunc(g.goModule, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._~/", r)
	})) {
		return opts, usageError(fmt.Sprintf("-go-module %q is no module path: give one such as example.org/tasks/client", g.goModule))
	}
	if g.languages == "" {
		return opts, nil
	}
	known := map[string]codegen.Language{"ts": codegen.TypeScript, "py": codegen.Python, "golang": codegen.Go}
	var spelled []string
	for _, language := range codegen.Languages() {
		known[string(language)] = language
		spelled = append(spelled, string(language))
	}
	for name := range strings.SplitSeq(g.languages, ",") {
		language, ok := known[strings.ToLower(strings.TrimSpace(name))]
		if !ok {
			return opts, usageError("-lang: " + unknown("language", strings.TrimSpace(name), spelled) + " There are " + strings.Join(spelled, ", "))
		}
		opts.Languages = append(opts.Languages, language)
	}
	return opts, nil
}

// importPath is how the packages of the module around dir import dir, or empty
// if there is no module.
func importPath(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for root := filepath.Dir(dir); ; root = filepath.Dir(root) {
		if data, err := os.ReadFile(filepath.Join(root, "go.mod")); err == nil {
			around := modfile.ModulePath(data)
			below, err := filepath.Rel(root, dir)
			if around == "" || err != nil {
				return ""
			}
			return path.Join(around, filepath.ToSlash(below))
		}
		if root == filepath.Dir(root) {
			return ""
		}
	}
}

// release is the version if it is one that others can download, and else empty:
// that of a working copy would differ from machine to machine.
func release(version string) string {
	if semver.IsValid(version) && semver.Build(version) == "" && !module.IsPseudoVersion(version) {
		return version
	}
	return ""
}

func (g *generation) report(e *environment, files []codegen.File) (int, error) {
	stale, err := codegen.Check(g.dir, files)
	if err != nil {
		return exitUsage, err
	}
	if len(stale) == 0 {
		return exitOK, nil
	}
	return exitFailed, errors.New(filepath.ToSlash(g.dir) + " is stale:\n  " + strings.Join(stale, "\n  ") + "\nrun the same command without -check")
}
