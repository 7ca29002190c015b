package codegen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/contract"
)

// Language is a language that clients are generated in.
type Language string

// The languages.
const (
	TypeScript Language = "typescript"
	Python     Language = "python"
	Go         Language = "go"
)

// Languages are all languages, in the order in which they are generated.
func Languages() []Language { return []Language{TypeScript, Python, Go} }

// ContractFile is the name of the file that holds the contract itself.
const ContractFile = "contract.json"

// File is one generated file.
type File struct {
	// Path is relative to the output directory, with slashes:
	// "typescript/client.ts".
	Path string
	Data []byte
}

// Options of Generate. The zero value generates everything.
type Options struct {
	// Languages to generate; none means all of them.
	Languages []Language
	// The languages' own options.
	TypeScript typescript.Options
	Python     python.Options
	Go         golang.Options
}

// Generate makes the contract's file and a directory for each language, named
// after it. The files are sorted by path. The error is a contract.Problems with
// everything that cannot be printed, in all languages; then there are no files.
// Generate sorts c in place and changes nothing else of it.
func Generate(c *contract.Contract, opts Options) ([]File, error) {
	languages := opts.Languages
	if len(languages) == 0 {
		languages = Languages()
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	encoded, err := c.Encode()
	if err != nil {
		return nil, err
	}
	files := []File{{ContractFile, encoded}}
	var problems contract.Problems
	for i, language := range languages {
		if slices.Contains(languages[:i], language) {
			continue
		}
		g, ok := generators[language]
		if !ok {
			return nil, fmt.Errorf("there is no language %q; there are %s", language, names(Languages()))
		}
		printed, refused := g.generate(c, opts)
		for _, p := range refused {
			p.Reason = g.title + ": " + p.Reason
			problems = append(problems, p)
		}
		for name, data := range printed {
			files = append(files, File{string(language) + "/" + name, data})
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

func names(languages []Language) string {
	texts := make([]string, len(languages))
	for i, l := range languages {
		texts[i] = string(l)
	}
	return strings.Join(texts, ", ")
}
