package api

import (
	"encoding/json"
	"time"
)

// Colour is a string with constants. */ """ \N{DASH} \ "
type Colour string

const (
	// Red is an ordinary value.
	Red Colour = "red"
	// DarkBlue has characters that mean something to printers. */ """
	DarkBlue Colour = "dark \"blue\" \\ */"
	// Unset is the empty string.
	Unset Colour = ""
)

// Level is an integer with constants.
type Level int

const (
	LevelBelow Level = -1
	LevelLow   Level = 0
	LevelHigh  Level = 10
)

// UserID is a string with a name of its own.
type UserID string

// Celsius is a number with a name of its own.
type Celsius float64

// Labels is a list with a name of its own.
type Labels []string

// Scores is a map with a name of its own.
type Scores map[string]int

// Scalars has a field of each kind of plain value.
type Scalars struct {
	Bool    bool    `json:"bool"`
	Text    string  `json:"text"`
	Int     int     `json:"int"`
	Int8    int8    `json:"int8"`
	Int16   int16   `json:"int16"`
	Int32   int32   `json:"int32"`
	Int64   int64   `json:"int64"`
	Uint    uint    `json:"uint"`
	Uint8   uint8   `json:"uint8"`
	Uint16  uint16  `json:"uint16"`
	Uint32  uint32  `json:"uint32"`
	Uint64  uint64  `json:"uint64"`
	Float32 float32 `json:"float32"`
	Float64 float64 `json:"float64"`
}

// Named has a field of each type with a name of its own.
type Named struct {
	Colour     Colour    `json:"colour"`
	Colours    []Colour  `json:"colours"`
	Favourite  *Colour   `json:"favourite"`
	Level      Level     `json:"level"`
	Ceiling    *Level    `json:"ceiling,omitempty"`
	Owner      UserID    `json:"owner"`
	Owners     []*UserID `json:"owners"`
	Outside    Celsius   `json:"outside"`
	Labels     Labels    `json:"labels"`
	Scores     Scores    `json:"scores"`
	ByColour   map[Colour]Level
	unexported string //nolint:unused // must not be seen
	Hidden     string `json:"-"`
}

// Times has a moment in each state that Go has.
type Times struct {
	At     time.Time            `json:"at"`
	Ended  *time.Time           `json:"ended"`
	Due    *time.Time           `json:"due,omitempty"`
	Steps  []time.Time          `json:"steps"`
	ByName map[string]time.Time `json:"by_name"`
}

// Blobs has bytes, which travel as base64.
type Blobs struct {
	Data   []byte            `json:"data"`
	Maybe  []byte            `json:"maybe,omitempty"`
	Parts  [][]byte          `json:"parts"`
	ByName map[string][]byte `json:"by_name"`
}

// Point is a small struct.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Containers has lists and maps of all kinds of elements.
type Containers struct {
	Texts     []string           `json:"texts"`
	Maybe     []*string          `json:"maybe"`
	Matrix    [][]float64        `json:"matrix"`
	Points    []Point            `json:"points"`
	Refs      []*Point           `json:"refs"`
	ByText    map[string]int     `json:"by_text"`
	ByInt     map[int]string     `json:"by_int"`
	ByUint8   map[uint8]bool     `json:"by_uint8"`
	Nested    map[string][]Point `json:"nested"`
	MaybeOf   map[string]*Point  `json:"maybe_of"`
	Absent    []string           `json:"absent,omitempty"`
	AbsentMap map[string]string  `json:"absent_map,omitempty"`
}

// Base is embedded without a name.
type Base struct {
	ID string `json:"id"`
	// Shadowed gives way to the field of the struct that embeds it.
	Shadowed int `json:"shadowed"`
}

type quiet struct {
	// Quiet is the exported field of an embedded struct that is not.
	Quiet bool `json:"quiet"`
}

// Extra is embedded by pointer: its fields may all be absent.
type Extra struct {
	Note string `json:"note"`
}

// Audit is embedded with a name.
type Audit struct {
	By string `json:"by"`
}

// Embedding has structs embedded in each way, and one of no name.
type Embedding struct {
	Base
	quiet
	*Extra
	Audit    `json:"audit"`
	Shadowed string `json:"shadowed"`
	Place    struct {
		Name string `json:"name"`
		At   *Point `json:"at"`
	} `json:"place"`
}

// Page is a part of a list of T.
type Page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// Pages has two instances of one generic type.
type Pages struct {
	Points Page[Point]  `json:"points"`
	Texts  Page[string] `json:"texts"`
}

// Node is a tree.
type Node struct {
	Value    int     `json:"value"`
	Children []Node  `json:"children"`
	Next     *Node   `json:"next,omitempty"`
	Folder   *Folder `json:"folder,omitempty"`
}

// Folder and File refer to one another.
type Folder struct {
	Files map[string]*File `json:"files"`
}

// File may be a folder.
type File struct {
	Size   int64   `json:"size"`
	Folder *Folder `json:"folder,omitempty"`
}

// Anything has JSON that is not described.
type Anything struct {
	Any   any             `json:"any"`
	Raw   json.RawMessage `json:"raw"`
	Maybe json.RawMessage `json:"maybe,omitempty"`
	List  []any           `json:"list"`
	Map   map[string]any  `json:"map"`
}

// Presence has a field in each of the four states.
type Presence struct {
	Required         string   `json:"required"`
	Nullable         *string  `json:"nullable"`
	Optional         *string  `json:"optional,omitempty"`
	OptionalNullable **string `json:"optional_nullable,omitempty"`
	// OptionalValue is optional although it is no pointer: zero is absent.
	OptionalValue int `json:"optional_value,omitempty"`
}

// PresenceReport says what arrived.
type PresenceReport struct {
	// Sent are the params as they came over the wire.
	Sent json.RawMessage `json:"sent"`
	// Back are the same, sent back through the result's type.
	Back Presence `json:"back"`
}

// Awkward has names that are words or worse in some language.
type Awkward struct {
	Class       string `json:"class"`
	Import      string `json:"import"`
	Self        string `json:"self"`
	None        string `json:"None"`
	Dashed      string `json:"x-y"`
	Digit       string `json:"1st"`
	Underscored string `json:"_id"`
	Dump        string `json:"model_dump"`
	Copy        string `json:"copy"`
	Constructor string `json:"constructor"`
	Type        string `json:"type"`
	Func        string `json:"func"`
	Spaced      string `json:"two words"`
	Dash        string `json:"-dash"`
	Minus       string `json:"-,"` // the key is "-"
	CamelCase   string `json:"camelCase"`
	URLPath     string `json:"url_path"`
	NotTagged   string
}

// Empty is a struct without fields.
type Empty struct{}
