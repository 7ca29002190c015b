package source_test

import (
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

func aliases(base contract.Kind, names ...string) *contract.Contract {
	c := &contract.Contract{Version: 1, Name: "x"}
	for _, name := range names {
		b := contract.Type{Kind: base}
		if base == contract.Integer {
			b.Bits = 64
		}
		c.Types = append(c.Types, contract.NamedType{Name: name, Kind: contract.Alias, Base: &b, Origin: "example.org/m/api." + name})
	}
	return c
}

// values are an enum's names and values on one line.
func values(t *contract.NamedType) string {
	var parts []string
	for _, v := range t.Values {
		text := v.Name + "="
		if v.String != nil {
			text += *v.String
		} else {
			text += string(rune('0' + *v.Int))
		}
		if v.Doc != "" {
			text += "(" + v.Doc + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func TestEnumsOfStrings(t *testing.T) {
	s := module(t, map[string]string{
		"api/b.go": `package api

const StatusLate Status = "late" // declared in the second file
`,
		"api/a.go": `package api

import "example.org/m/other"

// Status is how far it has come.
type Status string

const (
	// StatusOpen is for those
	// that nobody has begun.
	StatusOpen Status = "open"
	Status_InProgress Status = "in_" + "progress" // somebody works on it
	Finished Status = Status("do" + "ne")
	StatusAgain = StatusOpen
	statusHidden Status = "hidden"
	_ Status = "blank"
	NotOfTheType = "x"
)

func f() { const StatusLocal Status = "local" }

type Plain string

type hidden string

const (
	hiddenA hidden = "a"
	hiddenB hidden = "b"
)

type In string

const (
	Inbox In = "inbox"
	InOut In = "out"
	In2   In = "two"
	Out   In = "o"
)

type (
	// Grouped is in a group.
	Grouped string
)

const GroupedOne Grouped = "1"

type Clash string

const (
	ClashA Clash = "1"
	A      Clash = "2"
)

var _ other.Foreign

const ForeignMine other.Foreign = "mine"
`,
		"other/other.go": "package other\n\ntype Foreign string\n",
	})
	c := aliases(contract.String, "Status", "Plain", "hidden", "In", "Grouped", "Clash")
	c.Types = append(c.Types, contract.NamedType{Name: "Foreign", Kind: contract.Alias, Base: &contract.Type{Kind: contract.String}, Origin: "example.org/m/other.Foreign"})
	enrich(t, s, c)
	for name, want := range map[string]string{
		"Status":  "Open=open(StatusOpen is for those\nthat nobody has begun.) InProgress=in_progress(somebody works on it) Finished=done Late=late(declared in the second file)",
		"hidden":  "A=a B=b",
		"In":      "Inbox=inbox InOut=out In2=two Out=o", // InOut would become Out, which is there already
		"Grouped": "One=1",
		"Clash":   "ClashA=1 A=2",
	} {
		if got := values(c.Type(name)); got != want || c.Type(name).Kind != contract.Enum {
			t.Errorf("%s: %s %s; want %s", name, c.Type(name).Kind, got, want)
		}
	}
	for _, name := range []string{"Plain", "Foreign"} {
		if c.Type(name).Kind != contract.Alias || c.Type(name).Values != nil {
			t.Errorf("%s is %+v; want an alias", name, c.Type(name))
		}
	}
	if c.Type("Status").Doc != "Status is how far it has come." || c.Type("Grouped").Doc != "Grouped is in a group." {
		t.Errorf("docs %q and %q", c.Type("Status").Doc, c.Type("Grouped").Doc)
	}
}

func TestEnumsOfIntegers(t *testing.T) {
	s := module(t, map[string]string{"api/api.go": `package api

type Level int

const (
	LevelNone Level = iota
	LevelLow        // low
	_
	LevelHigh
	LevelMax = LevelHigh
)

type Flag uint8

const (
	FlagA Flag = 1 << iota
	FlagB
)

type Huge uint64

const (
	HugeA Huge = 1
	HugeB Huge = 1 << 63
)

type Large uint64

const LargeOne Large = 18446744073709551615

type Negative int8

const Below Negative = -1
`})
	c := aliases(contract.Integer, "Level", "Flag", "Huge", "Large", "Negative")
	enrich(t, s, c)
	if got, want := values(c.Type("Level")), "None=0 Low=1(low) High=3"; got != want {
		t.Errorf("Level: %s; want %s", got, want)
	}
	if v := c.Type("Negative").Values; len(v) != 1 || v[0].Name != "Below" || *v[0].Int != -1 {
		t.Errorf("Negative: %+v", v)
	}
	for _, name := range []string{"Flag", "Huge", "Large"} {
		if c.Type(name).Kind != contract.Alias {
			t.Errorf("%s is an enum; its constants are bits, or do not fit", name)
		}
	}
}
