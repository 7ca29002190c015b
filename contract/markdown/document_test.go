package markdown_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/markdown"
)

var update = flag.Bool("update", false, "write the golden files")

var contracts = map[string]string{
	"kinds": "testdata/kinds.json",
	"tasks": "../../codegen/testdata/contracts/tasks.json",
	"zoo":   "../../codegen/testdata/contracts/zoo.json",
}

func read(t *testing.T, path string) *contract.Contract {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGolden(t *testing.T) {
	for name, path := range contracts {
		c := read(t, path)
		before, _ := json.Marshal(c)
		got := markdown.Document(c)
		slices.Reverse(c.Methods)
		slices.Reverse(c.Types)
		if again := markdown.Document(c); !bytes.Equal(got, again) {
			t.Errorf("%s: in another order, it differs", name)
		}
		slices.Reverse(c.Methods)
		slices.Reverse(c.Types)
		if after, _ := json.Marshal(c); !bytes.Equal(before, after) {
			t.Errorf("%s: the contract was changed", name)
		}
		golden := filepath.Join("testdata", name+".md")
		if *update {
			if err := os.WriteFile(golden, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from its golden file (%v): look at the difference and run go test -update", name, err)
		}
	}
}

// skeleton is what a page consists of, without its texts: one line for each
// block and for what is more than text within it.
func skeleton(t *testing.T, page []byte) []string {
	t.Helper()
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(page))
	var lines []string
	anchors := map[string]bool{}
	var links []string
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text, *ast.String, *ast.TextBlock, *ast.Paragraph:
		case *ast.Link:
			links = append(links, string(n.Destination))
			lines = append(lines, "link")
		case *ast.CodeSpan:
			lines = append(lines, "code")
		case *ast.RawHTML:
			html := string(n.Segments.Value(page))
			switch {
			case html == "<code>":
				lines = append(lines, "code")
			case anchorTag.MatchString(html):
				anchors["#"+anchorTag.FindStringSubmatch(html)[1]] = true
				lines = append(lines, "anchor")
			case !slices.Contains([]string{"</code>", "</a>", "<br>", "<!-- -->"}, html):
				t.Errorf("the page has the HTML %s", html)
			}
		case *extast.TableRow, *extast.TableHeader, *ast.Heading:
			lines = append(lines, fmt.Sprint(n.Kind(), " of ", cells(n)))
		default:
			lines = append(lines, n.Kind().String())
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range links {
		if !anchors[to] {
			t.Errorf("a link leads to %s, which is not there", to)
		}
	}
	return lines
}

var anchorTag = regexp.MustCompile(`^<a id="([A-Za-z0-9._-]+)">$`)

func cells(n ast.Node) int {
	if _, ok := n.(*ast.Heading); ok {
		return n.(*ast.Heading).Level
	}
	return n.ChildCount()
}

// hostile are texts that try to leave their place.
var hostile = []string{
	"a | b | c", `a \| b \\| c`, "`x` ``y", "``` code", "~~~", "# heading", "text\nTitle\n===\nOther\n---", "> quote", "- item\n* item\n+ item\n1. item\n2) item",
	"<script>alert(1)</script>", "</code></td></table><img src=x onerror=alert(1)>", "<!-- comment", "--><b>", "<?php", "<![CDATA[", "&lt;b&gt; &amp;",
	"[text](https://example.org)", "![image](https://example.org/x.png)", "[text][ref]\n\n[ref]: https://example.org", "[^1]", "<https://example.org>", "<a@example.org>",
	"https://example.org/?a=b", "see www.example.org", "mail a@example.org or mailto:a@example.org", "ftp://example.org", "javascript:alert(1)", "HTTP://EXAMPLE.ORG WWW.example.org",
	"*a* _b_ **c** ~~d~~ __e__", "    indented code", "\tindented", "a\r\n\r\nb\rc\u2028d\u2029e\u0085f", "line  \nbreak\\\nend\\", "| a | b |\n| --- | --- |\n| c | d |",
	"$x$ $$y$$", "\x00\x01\u202e\u200b", "]", "](", "`", "``", "\\", "\\`", "|", "||", "- [ ] task", ":---", "\"'", "<", "<a id=\"type-Task\">", "a<!-- -->b", "---", "***", "&#124;", "x\n\n\n\ny", " ", "\n",
}

// filled is a contract in which all texts and names are s.
func filled(s string) *contract.Contract {
	ref := func(i int) contract.Type { return contract.Type{Kind: contract.Ref, Ref: name(s, i)} }
	some := func(t contract.Type) *contract.Type { return &t }
	one := 1
	narrowed := contract.Type{Kind: contract.String, Format: s, Constraints: &contract.Constraints{Pattern: s, MinLength: &one, Rules: []string{s}, OneOf: []json.RawMessage{quoted(s)}}}
	return &contract.Contract{
		Version: 1, Name: s, Doc: s,
		Methods: []contract.Method{{
			Name: s, Kind: contract.Call, Doc: s, Deprecated: s, Params: some(ref(0)), Result: some(ref(0)), Errors: []int{1001},
			TimeoutMS: 1500, Idempotent: true,
		}},
		Channels: []contract.Channel{{Name: s, Doc: s, Deprecated: s, Event: ref(2)}},
		Errors:   []contract.ErrorType{{Code: 1001, Reason: s, Doc: s, Details: some(ref(1))}},
		Types: []contract.NamedType{
			{Name: name(s, 0), Kind: contract.Struct, Doc: s, Origin: s, Extra: &narrowed, Fields: []contract.Field{
				{Name: s, Type: narrowed, Required: true, Doc: s, Deprecated: s, Default: quoted(s)},
				{Name: s + "2", Type: contract.Type{Kind: contract.Map, Key: some(ref(1)), Elem: some(ref(3))}},
			}},
			{Name: name(s, 1), Kind: contract.Enum, Doc: s, Base: &contract.Type{Kind: contract.String}, Values: []contract.EnumValue{{Name: s, String: &s, Doc: s}}},
			{Name: name(s, 2), Kind: contract.Union, Doc: s, Tag: s, Variants: []contract.Variant{{Values: []string{s}, Ref: name(s, 0)}}},
			{Name: name(s, 3), Kind: contract.Alias, Doc: s, Base: &narrowed},
		},
	}
}

func name(s string, i int) string { return fmt.Sprintf("%s%d", s, i) }

func quoted(s string) json.RawMessage {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return data
}

func TestHostileTextsStayTexts(t *testing.T) {
	want := skeleton(t, markdown.Document(filled("harmless")))
	if !slices.Contains(want, "Table") || !slices.Contains(want, "link") || !slices.Contains(want, "code") {
		t.Fatalf("the skeleton shows little: %q", want)
	}
	for _, s := range append(hostile, strings.Join(hostile, "\n"), strings.Join(hostile, " ")) {
		if strings.TrimSpace(s) == "" {
			skeleton(t, markdown.Document(filled(s))) // the columns of the texts are left out
			continue
		}
		page := markdown.Document(filled(s))
		if got := skeleton(t, page); !slices.Equal(got, want) {
			for i := range got {
				if i >= len(want) || got[i] != want[i] {
					t.Errorf("%q changes the page from line %d on, %q:\n%s", s, i, got[i:min(i+5, len(got))], page)
					break
				}
			}
		}
	}
}

func TestTextsShowAsTheyAre(t *testing.T) {
	for _, s := range hostile {
		want := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			switch r {
			case 0, 1:
				return '\uFFFD'
			case '\u202e', '\u200b':
				return -1
			}
			return r
		}, s)), " ")
		c := &contract.Contract{Name: "x", Doc: s}
		page := markdown.Document(c)
		var html bytes.Buffer
		if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(page, &html); err != nil {
			t.Fatal(err)
		}
		shown := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html.String(), "")
		shown = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&", "&#39;", "'").Replace(shown)
		if got := strings.TrimPrefix(strings.Join(strings.Fields(shown), " "), "x"); strings.TrimSpace(got) != want {
			t.Errorf("%q shows as %q", s, got)
		}
	}
}

func FuzzDocument(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := skeleton(t, markdown.Document(filled("harmless")))
		if !strings.ContainsFunc(s, unicode.IsPrint) || strings.TrimSpace(s) == "" {
			return // the columns of the texts are left out
		}
		if page := markdown.Document(filled(s)); !slices.Equal(skeleton(t, page), want) {
			t.Errorf("%q changes the page:\n%s", s, page)
		}
	})
}
