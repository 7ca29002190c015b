// Package typescript prints a contract as a TypeScript client: types, one method
// per RPC method, and the base client's source, in a folder that needs no
// package of ours.
//
// Generate plans first, which finds every name and every problem with it, and
// then prints the plan.
package typescript

import (
	"github.com/centrirpc/centrirpc/contract"
)

// Options of Generate. The zero value is ready to use.
type Options struct {
	// Package is the npm package's name. Empty means "<name>-client", after the
	// contract's name.
	Package string
	// Validate adds validate.ts: a schema of valibot for each method's params. The
	// client's package then needs valibot as well.
	Validate bool
}

// Generate returns the files of the client by name, all in one directory. With
// problems there are no files: they name everything in the contract that cannot
// be printed, all at once.
//
// The contract must have passed Check. The same contract gives the same bytes;
// it is not changed.
func Generate(c *contract.Contract, opts Options) (map[string][]byte, contract.Problems) {
	p, problems := newPlan(c, opts)
	if len(problems) > 0 {
		return nil, problems
	}
	files := baseClient()
	files["types.ts"] = []byte(printTypes(p))
	files["client.ts"] = []byte(printClient(p))
	files["index.ts"] = []byte(printIndex(p))
	if len(p.errors) > 0 {
		files["errors.ts"] = []byte(printErrors(p))
	}
	if p.validate {
		files["validate.ts"] = []byte(printSchemas(p))
	}
	files["package.json"] = []byte(printPackage(p))
	files["tsconfig.json"] = []byte(tsconfig)
	files["README.md"] = []byte(printReadme(p))
	files[".gitignore"] = []byte(gitignore)
	return files, nil
}
