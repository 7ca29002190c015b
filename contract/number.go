package contract

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// Bound is the end of a range of numbers.
type Bound struct {
	Value *big.Rat // nil means that there is no bound
	Open  bool     // the value itself is outside
}

// Equal tells whether the bounds are the same.
func (b Bound) Equal(other Bound) bool {
	if b.Value == nil || other.Value == nil {
		return b.Value == other.Value
	}
	return b.Open == other.Open && b.Value.Cmp(other.Value) == 0
}

// AtMost tells whether a range with the lower bound b holds all numbers that one
// with the lower bound other holds.
func (b Bound) AtMost(other Bound) bool {
	return b.Value == nil || other.Value != nil && b.stricter(other, 1).Equal(other)
}

// AtLeast is AtMost for upper bounds.
func (b Bound) AtLeast(other Bound) bool {
	return b.Value == nil || other.Value != nil && b.stricter(other, -1).Equal(other)
}

// String is the number in decimals, as far as it has finitely many; else a
// fraction. It is empty without a bound.
func (b Bound) String() string {
	if b.Value == nil {
		return ""
	}
	return decimal(b.Value)
}

func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	if n, exact := r.FloatPrec(); exact {
		return r.FloatString(n)
	}
	return r.RatString()
}

// whole moves the bound of an integer to the nearest integer within.
func (b Bound) whole(side int) Bound {
	if b.Value == nil {
		return b
	}
	if b.Value.IsInt() {
		if b.Open {
			b.Value = new(big.Rat).Add(b.Value, big.NewRat(int64(side), 1))
		}
		return Bound{Value: b.Value}
	}
	floor := new(big.Int).Div(b.Value.Num(), b.Value.Denom()) // Euclidean: rounds down, as the denominator is positive
	if side > 0 {
		floor.Add(floor, big.NewInt(1))
	}
	return Bound{Value: new(big.Rat).SetInt(floor)}
}

// Width is the range of an integer of so many bits (0 is without bound).
func Width(bits int, unsigned bool) (lower, upper Bound) {
	power := func(n int) *big.Rat { return new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(n))) }
	one := big.NewRat(1, 1)
	if unsigned {
		lower.Value = new(big.Rat)
		if bits > 0 {
			upper.Value = power(bits)
			upper.Value.Sub(upper.Value, one)
		}
	} else if bits > 0 {
		upper.Value, lower.Value = power(bits-1), new(big.Rat).Neg(power(bits-1))
		upper.Value.Sub(upper.Value, one)
	}
	return lower, upper
}

// maxExponent bounds the numbers that are told apart: it is beyond those of a
// 64-bit float, and keeps a hostile 1e999999999 from filling the memory.
const maxExponent = 400

// parseBound reads a JSON number. Text that is none is no bound.
func parseBound(text string, open bool) Bound {
	if r := parseNumber(text); r != nil {
		return Bound{Value: r, Open: open}
	}
	return Bound{}
}

func parseNumber(text string) *big.Rat {
	mantissa, exponent := text, "0"
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		mantissa, exponent = text[:at], text[at+1:]
	}
	r, ok := new(big.Rat).SetString(mantissa)
	if !ok || strings.Contains(mantissa, "/") {
		return nil
	}
	n, err := strconv.Atoi(exponent)
	if err != nil && strings.Trim(exponent, "+-0123456789") != "" {
		return nil
	}
	switch {
	case err != nil && strings.HasPrefix(exponent, "-"):
		n = -maxExponent
	case err != nil:
		n = maxExponent
	}
	n = max(-maxExponent, min(n, maxExponent))
	factor := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		return r.Quo(r, factor)
	}
	return r.Mul(r, factor)
}

// commonMultiple is the least number that is a multiple of both.
func commonMultiple(a, b *big.Rat) *big.Rat {
	// a = n/d, b = m/e: lcm(n*e, m*d) / (d*e)
	x, y := new(big.Int).Mul(a.Num(), b.Denom()), new(big.Int).Mul(b.Num(), a.Denom())
	gcd := new(big.Int).GCD(nil, nil, x, y)
	product := new(big.Int).Mul(x, y)
	return new(big.Rat).SetFrac(product.Quo(product, gcd), new(big.Int).Mul(a.Denom(), b.Denom()))
}

// CanonicalJSON is the value with sorted keys, numbers in one notation and
// without white space: equal values give equal text. What is no JSON stays as it
// is.
func CanonicalJSON(value json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var v any
	if !json.Valid(value) || d.Decode(&v) != nil {
		return string(value)
	}
	return encode(canonicalNumbers(v))
}

func canonicalNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if r := parseNumber(string(v)); r != nil {
			if text := decimal(r); json.Valid([]byte(text)) {
				return json.Number(text)
			}
		}
	case []any:
		for i := range v {
			v[i] = canonicalNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = canonicalNumbers(v[key])
		}
	}
	return v
}

func quote(s string) string { return encode(s) }

func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("centrirpc: JSON that was read cannot be written: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
