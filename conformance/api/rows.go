package api

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/centrirpc/centrirpc"
)

// Rows has every construct that a Go source may have and that encoding/json
// writes by itself.
type Rows struct {
	Quoted     Quoted            `json:"quoted"`
	Moments    Moments           `json:"moments"`
	Arrays     Arrays            `json:"arrays"`
	Texts      Texts             `json:"texts"`
	Maps       Maps              `json:"maps"`
	Optional   Optional          `json:"optional"`
	Scalars    Scalars           `json:"scalars"`
	Named      Named             `json:"named"`
	Blobs      Blobs             `json:"blobs"`
	Containers Containers        `json:"containers"`
	Embedding  Embedding         `json:"embedding"`
	Deep       Deep              `json:"deep"`
	Pages      Pages             `json:"pages"`
	Pair       Pair[Colour, int] `json:"pair"`
	Tree       Node              `json:"tree"`
	Anything   Anything          `json:"anything"`
	Awkward    Awkward           `json:"awkward"`
	Empty      Empty             `json:"empty"`
	Votes      Votes             `json:"votes"`
}

// Votes has keys that differ in a sign alone, as GitHub's reactions do.
type Votes struct {
	Up   int `json:"+1"`
	Down int `json:"-1"`
	Ones int `json:"1"`
}

// Quoted has plain values that travel as texts.
type Quoted struct {
	Int64   int64    `json:"int64,string"`
	Uint64  uint64   `json:"uint64,string"`
	Int8    int8     `json:"int8,string"`
	Bool    bool     `json:"bool,string"`
	Float64 float64  `json:"float64,string"`
	Float32 float32  `json:"float32,string"`
	Text    string   `json:"text,string"`
	Level   Level    `json:"level,string"`
	Maybe   *int64   `json:"maybe,string"`
	Absent  *uint64  `json:"absent,omitempty,string"`
	NotAll  []uint16 `json:"not_all,string"` // the option does nothing to a list
}

// Moments has times, durations and numbers of any size.
type Moments struct {
	At        time.Time                `json:"at"`
	Ended     *time.Time               `json:"ended"`
	Due       *time.Time               `json:"due,omitempty"`
	Since     time.Time                `json:"since,omitzero"`
	Took      time.Duration            `json:"took"`
	Maybe     *time.Duration           `json:"maybe"`
	Limit     time.Duration            `json:"limit,omitempty"`
	Laps      []time.Duration          `json:"laps"`
	ByName    map[string]time.Duration `json:"by_name"`
	Number    json.Number              `json:"number"`
	Numbers   []json.Number            `json:"numbers"`
	NotNumber *json.Number             `json:"not_number"`
}

// Arrays has lists of a length that is part of their type.
type Arrays struct {
	Bytes  [4]byte      `json:"bytes"`
	Three  [3]int       `json:"three"`
	Nine   [9]int8      `json:"nine"`
	None   [0]string    `json:"none"`
	Points [2]Point     `json:"points"`
	Refs   [2]*Point    `json:"refs"`
	Matrix [2][2]string `json:"matrix"`
	Maybe  *[2]bool     `json:"maybe"`
	Many   [][2]uint8   `json:"many"`
}

// Slug is a text made by methods: lower case, and "~" is never a part of it.
type Slug struct{ text string }

// NewSlug makes a slug of a text.
func NewSlug(text string) Slug { return Slug{strings.ReplaceAll(strings.ToLower(text), "~", "")} }

// MarshalText writes the slug.
func (s Slug) MarshalText() ([]byte, error) { return []byte("~" + s.text), nil }

// UnmarshalText reads one.
func (s *Slug) UnmarshalText(text []byte) error {
	*s = NewSlug(string(text))
	return nil
}

// Texts has types that travel as texts of their own.
type Texts struct {
	ID      uuid.UUID    `json:"id"`
	Owner   *uuid.UUID   `json:"owner"`
	Parent  *uuid.UUID   `json:"parent,omitempty"`
	IDs     []uuid.UUID  `json:"ids"`
	Addr    netip.Addr   `json:"addr"`
	Network netip.Prefix `json:"network"`
	IP      net.IP       `json:"ip"`
	Slug    Slug         `json:"slug"`
	Slugs   []*Slug      `json:"slugs"`
}

// Maps has maps with keys of each kind.
type Maps struct {
	ByText   map[string]float64    `json:"by_text"`
	ByUser   map[UserID]*Point     `json:"by_user"`
	ByInt    map[int]string        `json:"by_int"`
	ByInt64  map[int64]bool        `json:"by_int64"`
	ByUint16 map[uint16][]string   `json:"by_uint16"`
	ByID     map[uuid.UUID]int     `json:"by_id"`
	ByAddr   map[netip.Addr]string `json:"by_addr"`
	BySlug   map[Slug]Slug         `json:"by_slug"`
	ByColour map[Colour]Level      `json:"by_colour"`
	ByLevel  map[Level]Colour      `json:"by_level"`
	Nested   map[string]map[int]Labels
	Absent   map[string]Point `json:"absent,omitempty"`
}

// Optional has fields that are absent when they are zero, and such that are not.
type Optional struct {
	Text     string    `json:"text,omitempty"`
	Int      int       `json:"int,omitempty"`
	Bool     bool      `json:"bool,omitempty"`
	Float    float64   `json:"float,omitempty"`
	Colour   Colour    `json:"colour,omitempty"`
	List     []int     `json:"list,omitempty"`
	Data     []byte    `json:"data,omitempty"`
	Pointer  *string   `json:"pointer,omitempty"`
	Enum     *Colour   `json:"enum,omitempty"`
	Struct   Point     `json:"struct,omitempty"` //nolint:modernize // omitempty does nothing here: the field is required
	Zero     Point     `json:"zero,omitzero"`
	Nullable *int      `json:"nullable"`
	Null     *Point    `json:"null"`
	Slice    *[]string `json:"slice"`
}

// Inner is embedded in what is embedded.
type Inner struct {
	Depth int `json:"depth"`
	// Hidden gives way to the field of the same key that is less deep.
	Hidden string `json:"hidden"`
}

// Middle embeds by value.
type Middle struct {
	Inner
	Hidden bool  `json:"hidden"`
	Size   int64 `json:"size,omitempty,string"`
}

// Deep embeds at two depths, and a generic type.
type Deep struct {
	*Middle
	Pair[string, *Point]
	Last []struct {
		Key UserID `json:"key"`
	} `json:"last"`
}

// Pair is two values, of different types.
type Pair[A, B any] struct {
	First  A `json:"first"`
	Second B `json:"second"`
}

// Shape is one of several: a union, told apart by "kind".
type Shape interface{ area() float64 }

// Circle is a variant without further types.
type Circle struct {
	Radius float64 `json:"radius"`
}

// Polygon is a variant with a list.
type Polygon struct {
	Points []Point `json:"points"`
	Colour Colour  `json:"colour,omitempty"`
}

// Drawing is a variant that holds the union itself.
type Drawing struct {
	Shapes []Shape          `json:"shapes"`
	Named  map[string]Shape `json:"named,omitempty"`
}

// Nothing is a variant without fields.
type Nothing struct{}

func (Circle) area() float64   { return 0 }
func (*Polygon) area() float64 { return 0 }
func (Drawing) area() float64  { return 0 }
func (Nothing) area() float64  { return 0 }

func init() {
	centrirpc.RegisterUnion[Shape]("kind",
		centrirpc.Variant[Circle]("circle"),
		centrirpc.Variant[*Polygon]("poly \"gon\" \\ */"),
		centrirpc.Variant[Drawing]("drawing"),
		centrirpc.Variant[Nothing]("nothing"))
}

// Shapes has unions at each kind of place.
type Shapes struct {
	One     Shape            `json:"one"`
	Absent  Shape            `json:"absent,omitempty"`
	List    []Shape          `json:"list"`
	ByName  map[string]Shape `json:"by_name"`
	Page    Page[Shape]      `json:"page"`
	Pair    [2]Shape         `json:"pair"`
	Plain   Circle           `json:"plain"` // a variant where it is no union has no tag
	Pointer *Polygon         `json:"pointer,omitempty"`
}

func registerRows(r *centrirpc.Router) {
	centrirpc.Handle(r, "echo.rows", echoRows)
	centrirpc.Handle(r, "echo.shapes", echoShapes)
}

// echoRows returns its params.
func echoRows(_ context.Context, p Rows) (Rows, error) { return p, nil }

// echoShapes returns its params.
func echoShapes(_ context.Context, p Shapes) (Shapes, error) { return p, nil }
