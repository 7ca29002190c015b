package golang

import (
	"fmt"
	"strings"
)

// printErrors prints errors.go: a constant for each code and a type for each
// error.
func printErrors(p *plan) string {
	var b strings.Builder
	b.WriteString("// The codes of the application's own errors.\nconst (\n")
	for _, e := range p.errors {
		b.WriteString(comment("\t", opening(e.doc, e.reason)))
		fmt.Fprintf(&b, "\t%s client.Code = %d\n", e.name, e.code)
	}
	b.WriteString(")\n\n")
	for _, e := range p.errors {
		printError(&b, e)
	}
	b.WriteString("// errorTypes make the errors that the server sends into those above.\nvar errorTypes = client.ErrorTypes{\n")
	for _, e := range p.errors {
		details := "}"
		if e.details != "" {
			details = fmt.Sprintf(", Details: client.DetailsOf[%s](e)}", e.details)
		}
		fmt.Fprintf(&b, "\t%s: func(e *client.ServerError) error { return &%s{ServerError: e%s },\n", e.name, e.typ, details)
	}
	b.WriteString("}\n\n// contractOptions are those of every call.\nvar contractOptions = []client.CallOption{errorTypes}\n")
	body := b.String()
	return "// " + generated + "\n\npackage " + p.opts.Package + "\n\n" + imports(body) + body
}

func printError(b *strings.Builder, e *errorPlan) {
	about := fmt.Sprintf("%s is the error %d, %s. A call of any method may fail with it:\nerrors.As finds it by its pointer, and by *client.ServerError.", e.typ, e.code, e.reason)
	if e.details == "" {
		fmt.Fprintf(b, "%stype %s struct{ *client.ServerError }\n\n", comment("", about, e.doc), e.typ)
	} else {
		fmt.Fprintf(b, "%stype %s struct {\n\t*client.ServerError\n", comment("", about, e.doc), e.typ)
		fmt.Fprintf(b, "\t// Details are the zero value where the server sent none, or none that fit:\n\t// ServerError.DecodeDetails says why.\n\tDetails %s\n}\n\n", e.details)
	}
	fmt.Fprintf(b, "// Unwrap is the *client.ServerError.\nfunc (e *%s) Unwrap() error { return e.ServerError }\n\n", e.typ)
}
