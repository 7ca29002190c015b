package centrirpc

import (
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"
)

// bounds are what the rules of a place leave of a number, or of the length of text, a
// list or a map.
type bounds struct {
	of          reflect.Type
	number      bool // and else a length
	whole       bool
	low, high   *big.Float // nil is none
	lowR, highR string     // the rules that set them
}

func boundsOf(t reflect.Type) *bounds {
	b := &bounds{of: t, whole: true}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.number = true
		half := math.Ldexp(1, t.Bits()-1)
		b.set(&b.low, &b.lowR, big.NewFloat(-half), "the type itself")
		b.set(&b.high, &b.highR, new(big.Float).Sub(big.NewFloat(half).SetPrec(128), big.NewFloat(1)), "the type itself")
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		b.number = true
		b.set(&b.low, &b.lowR, new(big.Float), "the type itself")
		b.set(&b.high, &b.highR, new(big.Float).Sub(big.NewFloat(math.Ldexp(1, t.Bits())).SetPrec(128), big.NewFloat(1)), "the type itself")
	case reflect.Float32, reflect.Float64:
		b.number, b.whole = true, false
	default:
		b.set(&b.low, &b.lowR, new(big.Float), "a length")
	}
	return b
}

func (b *bounds) set(bound **big.Float, by *string, to *big.Float, rule string) {
	*bound, *by = to, rule
}

// narrow takes a rule into account whose parameter is known to be right.
func (b *bounds) narrow(name, param string) {
	kind := b.of.Kind()
	if name == "required" && kind == reflect.String {
		b.atLeast(big.NewFloat(1), name)
		return
	}
	if !sizing[name] || name == "ne" || name == "eq" && kind == reflect.String {
		return
	}
	switch kind {
	case reflect.String, reflect.Slice, reflect.Map, reflect.Array:
	default:
		if !b.number {
			return
		}
	}
	n, ok := b.parse(param)
	if !ok {
		return
	}
	rule := name + "=" + param
	step := func(by float64) *big.Float {
		if !b.whole {
			return n // good enough: at worst one value is left
		}
		return new(big.Float).SetPrec(128).Add(n, big.NewFloat(by))
	}
	switch name {
	case "min", "gte":
		b.atLeast(n, rule)
	case "gt":
		b.atLeast(step(1), rule)
	case "max", "lte":
		b.atMost(n, rule)
	case "lt":
		b.atMost(step(-1), rule)
	case "len", "eq":
		b.atLeast(n, rule)
		b.atMost(n, rule)
	}
}

func (b *bounds) parse(param string) (*big.Float, bool) {
	if b.of == reflect.TypeFor[time.Duration]() {
		if d, err := time.ParseDuration(param); err == nil {
			return new(big.Float).SetPrec(128).SetInt64(int64(d)), true
		}
	}
	if b.whole {
		n, ok := new(big.Int).SetString(param, 0)
		if !ok {
			return nil, false
		}
		return new(big.Float).SetPrec(128).SetInt(n), true
	}
	f, err := strconv.ParseFloat(param, 64)
	if err != nil || math.IsNaN(f) {
		return nil, false
	}
	return big.NewFloat(f), true
}

func (b *bounds) atLeast(n *big.Float, rule string) {
	if b.low == nil || n.Cmp(b.low) > 0 {
		b.set(&b.low, &b.lowR, n, rule)
	}
}

func (b *bounds) atMost(n *big.Float, rule string) {
	if b.high == nil || n.Cmp(b.high) < 0 {
		b.set(&b.high, &b.highR, n, rule)
	}
}

// fault says that nothing is left.
func (b *bounds) fault() *nonsense {
	if b.low == nil || b.high == nil || b.low.Cmp(b.high) <= 0 {
		return nil
	}
	switch {
	case b.lowR == "a length":
		return &nonsense{"no length keeps the rule " + strconv.Quote(b.highR), "give it a bound of 0 or more"}
	case b.lowR == "the type itself":
		return &nonsense{"no value of the type keeps the rule " + strconv.Quote(b.highR), "give it a bound within the type"}
	case b.highR == "the type itself":
		return &nonsense{"no value of the type keeps the rule " + strconv.Quote(b.lowR), "give it a bound within the type"}
	}
	return &nonsense{"no value keeps both " + strconv.Quote(b.lowR) + " and " + strconv.Quote(b.highR), "let the lower bound be below the upper"}
}
