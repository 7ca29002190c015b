package markdown

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/contract"
)

// Document is the contract's reference: an overview, the methods with their
// params, results and errors, the channels, the errors and the types. The same
// contract always gives the same bytes. The contract has passed Check and is not
// changed.
func Document(c *contract.Contract) []byte {
	sorted := *c
	sorted.Methods, sorted.Channels = slices.Clone(c.Methods), slices.Clone(c.Channels)
	sorted.Types, sorted.Errors = slices.Clone(c.Types), slices.Clone(c.Errors)
	for i := range sorted.Methods {
		sorted.Methods[i].Errors = slices.Clone(sorted.Methods[i].Errors)
	}
	sorted.Sort()
	p := &page{contract: &sorted, shapes: contract.NewShapes(&sorted)}
	p.write()
	return []byte(p.b.String())
}

// page is the document that is being written, block by block.
type page struct {
	contract *contract.Contract
	shapes   *contract.Shapes
	b        strings.Builder
}

// block writes lines, with an empty line before them. An empty text is no block.
func (p *page) block(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text == "" {
		return
	}
	if p.b.Len() > 0 {
		p.b.WriteString("\n")
	}
	p.b.WriteString(text + "\n")
}

// table writes rows of cells, if there are any. A column without text is left out.
func (p *page) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	line := func(cells []string) string {
		var b strings.Builder
		b.WriteString("|")
		for i, c := range cells {
			if slices.ContainsFunc(rows, func(row []string) bool { return row[i] != "" }) {
				b.WriteString(" " + c + " |")
			}
		}
		return b.String()
	}
	text := []string{line(head), line(slices.Repeat([]string{"---"}, len(head)))}
	for _, row := range rows {
		text = append(text, line(row))
	}
	p.block("%s", strings.Join(text, "\n"))
}

func (p *page) heading(kind, name string) {
	p.block("<a id=\"%s-%s\"></a>\n\n### %s", kind, anchor(name), title(name))
}

func (p *page) deprecated(use string) {
	if use != "" {
		p.block("> **Deprecated:** %s", inline(use))
	}
}

func (p *page) write() {
	c := p.contract
	p.block("# %s", title(c.Name))
	p.block("%s", prose(c.Doc))
	p.overview()
	if len(c.Methods) > 0 {
		p.block("## Methods")
	}
	for i := range c.Methods {
		p.method(&c.Methods[i])
	}
	if len(c.Channels) > 0 {
		p.block("## Channels")
	}
	for i := range c.Channels {
		p.channel(&c.Channels[i])
	}
	if len(c.Errors) > 0 {
		p.block("## Errors")
		p.block("Any call can also fail with the codes that every server has, from 400 to 599. These are the application's own:")
		var all []int
		for _, e := range c.Errors {
			all = append(all, e.Code)
		}
		p.errors(all)
	}
	if len(c.Types) > 0 {
		p.block("## Types")
	}
	for i := range c.Types {
		p.named(&c.Types[i])
	}
}

func (p *page) overview() {
	var rows [][]string
	for _, m := range p.contract.Methods {
		rows = append(rows, []string{link("method", m.Name), summary(m.Doc, m.Deprecated)})
	}
	p.table([]string{"Method", "What it does"}, rows)
	rows = nil
	for _, ch := range p.contract.Channels {
		rows = append(rows, []string{link("channel", ch.Name), summary(ch.Doc, ch.Deprecated)})
	}
	p.table([]string{"Channel", "What it tells"}, rows)
}

func link(kind, name string) string {
	return "[" + title(name) + "](#" + kind + "-" + anchor(name) + ")"
}

// summary is a text's first line.
func summary(doc, deprecated string) string {
	first := ""
	for _, l := range lines(doc) {
		if first = l; first != "" {
			break
		}
	}
	first = inline(first)
	if deprecated != "" {
		first = strings.TrimSpace("*Deprecated.* " + first)
	}
	return first
}

func (p *page) method(m *contract.Method) {
	p.heading("method", m.Name)
	p.deprecated(m.Deprecated)
	p.block("%s", prose(m.Doc))
	var facts []string
	if m.Kind == contract.Notify {
		facts = append(facts, "A notification: it is accepted or refused, and not answered.")
	}
	if m.Idempotent {
		facts = append(facts, "Idempotent: running it twice does no harm, so it is sent again when it is not known whether it ran.")
	}
	if m.Volatile {
		facts = append(facts, "Volatile: the server does not remember its calls, so a reply may be lost with the connection.")
	}
	if m.TimeoutMS != 0 {
		facts = append(facts, "Timeout: "+(time.Duration(m.TimeoutMS)*time.Millisecond).String()+".")
	}
	for i := range facts {
		facts[i] = "- " + facts[i]
	}
	p.block("%s", strings.Join(facts, "\n"))

	if m.Params == nil {
		p.block("**Params:** none")
	} else {
		p.block("**Params:** %s", typeText(m.Params))
		p.fields(p.shapes.Fields(m.Params))
	}
	if m.Item != nil {
		p.block("**Items:** %s", typeText(m.Item))
		if s := p.shapes.Of(m.Item); s.Kind == contract.Struct {
			p.fields(s.Named)
		}
	}
	switch {
	case m.Kind == contract.Notify:
	case m.Result == nil:
		p.block("**Result:** none")
	default:
		p.block("**Result:** %s", typeText(m.Result))
		if s := p.shapes.Of(m.Result); s.Kind == contract.Struct {
			p.fields(s.Named)
		}
	}
	if len(m.Errors) > 0 {
		p.block("**Errors:**")
		p.errors(m.Errors)
	}
}

// fields are a struct's, in a table.
func (p *page) fields(t *contract.NamedType) {
	var rows [][]string
	for i := range t.Fields {
		f := &t.Fields[i]
		presence := "optional"
		if f.Required {
			presence = "required"
		}
		about := cell(f.Doc)
		if f.Deprecated != "" {
			about = after("**Deprecated:** "+inline(f.Deprecated), about)
		}
		if f.Default != nil {
			about = after(about, "Default: "+code(contract.CanonicalJSON(f.Default)))
		}
		rows = append(rows, []string{code(f.Name), typeText(&f.Type), presence, about})
	}
	p.table([]string{"Field", "Type", "Presence", "Description"}, rows)
	if t.Extra != nil {
		p.block("Further members: %s", typeText(t.Extra))
	}
}

// after joins two texts in a cell.
func after(first, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + "<br>" + second
}

func (p *page) errors(codes []int) {
	var rows [][]string
	for _, number := range codes {
		e := p.contract.Error(number)
		if e == nil {
			continue
		}
		details := ""
		if e.Details != nil {
			details = typeText(e.Details)
		}
		rows = append(rows, []string{fmt.Sprint(e.Code), code(e.Reason), details, cell(e.Doc)})
	}
	p.table([]string{"Code", "Reason", "Details", "Description"}, rows)
}

func (p *page) channel(ch *contract.Channel) {
	p.heading("channel", ch.Name)
	p.deprecated(ch.Deprecated)
	p.block("%s", prose(ch.Doc))
	if ch.Params != nil {
		p.block("**Parameters:** %s", typeText(ch.Params))
		p.fields(p.shapes.Fields(ch.Params))
	}
	p.block("**Event:** %s", typeText(&ch.Event))
}

func (p *page) named(t *contract.NamedType) {
	p.heading("type", t.Name)
	p.block("%s", prose(t.Doc))
	switch t.Kind {
	case contract.Struct:
		if len(t.Fields) == 0 && t.Extra == nil {
			p.block("An object without members.")
		}
		p.fields(t)
	case contract.Enum:
		p.enum(t)
	case contract.Union:
		p.union(t)
	case contract.Alias:
		p.block("A name for: %s", typeText(t.Base))
	}
}

func (p *page) enum(t *contract.NamedType) {
	p.block("One of these values (%s). A newer server may send others.", typeText(t.Base))
	var rows [][]string
	for _, v := range t.Values {
		value := ""
		switch {
		case v.String != nil:
			value = code(`"` + *v.String + `"`)
		case v.Int != nil:
			value = code(fmt.Sprint(*v.Int))
		}
		rows = append(rows, []string{value, title(v.Name), cell(v.Doc)})
	}
	p.table([]string{"Value", "Name", "Description"}, rows)
}

func (p *page) union(t *contract.NamedType) {
	p.block("One of these, by its member %s:", code(t.Tag))
	var rows [][]string
	for _, v := range t.Variants {
		var values []string
		for _, value := range v.Values {
			values = append(values, code(`"`+value+`"`))
		}
		rows = append(rows, []string{strings.Join(values, ", "), typeLink(v.Ref)})
	}
	p.table([]string{title(t.Tag), "Type"}, rows)
}
