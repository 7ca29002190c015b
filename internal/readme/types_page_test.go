package readme

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the columns of TYPES.md that are generated anew")

// page is TYPES.md: its blocks of code, and its tables in order.
type page struct {
	path   string
	text   string
	blocks map[string]string
	tables []table
}

// table is a table of the page. What a row asks is in its first columns, what the
// test finds out in the others.
type table struct {
	asks int
	rows []*tableRow
}

type tableRow struct {
	line  string // as it stands in the page
	cells []string
}

var span = regexp.MustCompile("`([^`]+)`")

// codes are the code spans of a cell.
func (r *tableRow) codes(cell int) []string {
	var all []string
	for _, m := range span.FindAllStringSubmatch(r.cells[cell], -1) {
		all = append(all, m[1])
	}
	return all
}

// code is the cell's first code span.
func (r *tableRow) code(cell int) string { return r.codes(cell)[0] }

// option is the cell's second code span, or empty.
func (r *tableRow) option(cell int) string { return strings.Join(r.codes(cell)[1:], "") }

func quoted(text string) string { return "`" + text + "`" }

func readPage(t *testing.T, root string, asks ...int) *page {
	t.Helper()
	p := &page{path: filepath.Join(root, "TYPES.md"), blocks: map[string]string{}}
	data, err := os.ReadFile(p.path)
	if err != nil {
		t.Fatal(err)
	}
	p.text = string(data)
	for _, m := range block.FindAllStringSubmatch(p.text, -1) {
		p.blocks[m[2]] = m[3]
	}
	within := false
	for line := range strings.Lines(p.text) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "| ") {
			within = false
			continue
		}
		if !within { // its head
			within = true
			p.tables = append(p.tables, table{})
			continue
		}
		if strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "| "), `\|`, "\x00"), " | ")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
		}
		last := &p.tables[len(p.tables)-1]
		last.rows = append(last.rows, &tableRow{line, cells})
	}
	if len(p.tables) != len(asks) {
		t.Fatalf("TYPES.md has %d tables, not %d", len(p.tables), len(asks))
	}
	for i := range p.tables {
		p.tables[i].asks = asks[i]
	}
	return p
}

// check compares the rows' cells with what was found, or writes that into the page.
func (p *page) check(t *testing.T, of table, found [][]string) {
	t.Helper()
	for i, r := range of.rows {
		cells := slices.Concat(r.cells[:of.asks], found[i])
		for j := range cells {
			cells[j] = strings.ReplaceAll(cells[j], "|", `\|`)
		}
		line := "| " + strings.Join(cells, " | ") + " |"
		if line == r.line {
			continue
		}
		if *update {
			p.text = strings.Replace(p.text, r.line+"\n", line+"\n", 1)
			continue
		}
		t.Errorf("TYPES.md says\n%s\nand it is\n%s\nlook, then run the test with -update", r.line, line)
	}
}

func (p *page) save(t *testing.T) {
	t.Helper()
	if *update {
		write(t, p.path, p.text)
	}
}
