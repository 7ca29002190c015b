package codegen

import (
	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/contract"
)

// generator is a language's own package, in which all its rules are.
type generator struct {
	title    string
	generate func(*contract.Contract, Options) (map[string][]byte, contract.Problems)
}

var generators = map[Language]generator{
	TypeScript: {"TypeScript", func(c *contract.Contract, opts Options) (map[string][]byte, contract.Problems) {
		return typescript.Generate(c, opts.TypeScript)
	}},
	Python: {"Python", func(c *contract.Contract, opts Options) (map[string][]byte, contract.Problems) {
		return python.Generate(c, opts.Python)
	}},
	Go: {"Go", func(c *contract.Contract, opts Options) (map[string][]byte, contract.Problems) {
		return golang.Generate(c, opts.Go)
	}},
}
