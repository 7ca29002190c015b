package python

import (
	"bytes"
	"fmt"
	"slices"
)

func printInit(p *plan) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n", header)
	doc := p.contract.Doc
	if doc == "" {
		doc = "A client of the API " + p.contract.Name + "."
	}
	b.WriteString(docstring("", doc) + "\n")
	b.WriteString("from .client import CONTRACT_HASH, APIClient\n")
	var errors []string
	for _, e := range p.errors {
		errors = append(errors, e.class)
	}
	slices.Sort(errors)
	printImport(&b, "errors", errors)
	printImport(&b, "models", p.models)
	b.WriteString("from .rpc_client import CentrifugoRPCClient, ContractCheck\n")
	printImport(&b, "rpc_errors", errorClasses)
	names := slices.Concat(p.models, errors, exported)
	slices.Sort(names)
	printAll(&b, names)
	return b.Bytes()
}

func printProject(p *plan) []byte {
	return fmt.Appendf(nil, `# %s
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = %q
version = "0.0.0"
requires-python = ">=3.11"
dependencies = ["centrifuge-python>=0.7.0,<0.8", "pydantic>=2.12,<3"]

[tool.setuptools]
packages = [%q]
package-dir = { %q = "." }

[tool.setuptools.package-data]
%q = ["py.typed"]
`, header, p.dist, p.pkg, p.pkg, p.pkg)
}
