package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc"
)

func registerResults(r *centrirpc.Router) {
	results := r.Group("result")
	centrirpc.Handle(results, "text", func(context.Context, struct{}) (string, error) { return "a \"text\" \\ */ \u2028 😀", nil },
		centrirpc.Description("A result that is a string."))
	centrirpc.Handle(results, "number", func(context.Context, struct{}) (int64, error) { return -42, nil })
	centrirpc.Handle(results, "truth", func(context.Context, struct{}) (bool, error) { return false, nil })
	centrirpc.Handle(results, "moment", func(context.Context, struct{}) (time.Time, error) {
		return time.Date(2024, 2, 29, 12, 30, 0, 500_000_000, time.UTC), nil
	})
	centrirpc.Handle(results, "bytes", func(context.Context, struct{}) ([]byte, error) { return []byte{0xfb, 0xff, 0x00}, nil })
	centrirpc.Handle(results, "colour", func(context.Context, struct{}) (Colour, error) { return DarkBlue, nil })
	centrirpc.Handle(results, "unlisted", resultUnlisted)
	centrirpc.Handle(results, "list", func(context.Context, struct{}) ([]Point, error) { return []Point{{1, 2}, {3, 4}}, nil })
	centrirpc.Handle(results, "map", func(context.Context, struct{}) (map[string]Point, error) { return map[string]Point{"a": {1, 2}}, nil })
	centrirpc.Handle(results, "anything", func(context.Context, struct{}) (any, error) {
		return map[string]any{"list": []any{1, "two", nil}}, nil
	})
	centrirpc.Handle(results, "raw", func(context.Context, struct{}) (json.RawMessage, error) {
		return json.RawMessage(`{"raw":[true]}`), nil
	})
	centrirpc.Handle(results, "maybe", resultMaybe)
	centrirpc.Handle(results, "nil_containers", resultNilContainers)
	centrirpc.Handle(results, "large", resultLarge)
	centrirpc.Handle(results, "nan", resultNaN)
	centrirpc.Handle(results, "nothing", resultNothing)
}

// Whether asks for a result or for none.
type Whether struct {
	Present bool `json:"present"`
}

// resultMaybe returns a point, or null.
func resultMaybe(_ context.Context, p Whether) (*Point, error) {
	if !p.Present {
		return nil, nil
	}
	return &Point{X: 1, Y: 2}, nil
}

// resultNilContainers returns lists and maps that are nil in Go: [] and {} on
// the wire.
func resultNilContainers(context.Context, struct{}) (Containers, error) { return Containers{}, nil }

// Unlisted has values of enums.
type Unlisted struct {
	Colour   Colour           `json:"colour"`
	Colours  []Colour         `json:"colours"`
	Maybe    *Colour          `json:"maybe,omitempty"`
	Level    Level            `json:"level"`
	ByColour map[Colour]Level `json:"by_colour"`
	ByLevel  map[Level]Colour `json:"by_level"`
}

// resultUnlisted returns values that no client was generated with, as a newer
// server would.
func resultUnlisted(context.Context, struct{}) (Unlisted, error) {
	mauve := Colour("mauve")
	return Unlisted{
		Colour: mauve, Colours: []Colour{Red, mauve}, Maybe: &mauve, Level: 7,
		ByColour: map[Colour]Level{mauve: -8, Red: LevelHigh}, ByLevel: map[Level]Colour{7: mauve, LevelHigh: Red},
	}, nil
}

// Size asks for a size.
type Size struct {
	Bytes int `json:"bytes" validate:"min=0,max=4194304"`
}

// resultLarge returns a string of so many bytes.
func resultLarge(_ context.Context, p Size) (string, error) { return strings.Repeat("x", p.Bytes), nil }

// resultNothing succeeds and returns nothing, params or not.
func resultNothing(context.Context, Whether) (struct{}, error) { return struct{}{}, nil }
