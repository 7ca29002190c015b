package client

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// ISODuration is a length of time that travels in the form of ISO 8601, such as
// "P1DT2H30M" or "-PT0.5S": Python's timedelta, which may be longer than the 292
// years of a time.Duration. Its length is Seconds and Nanoseconds together.
//
// A year in the text counts as 365 days and a month as 30, as Pydantic has it.
type ISODuration struct {
	Seconds     int64
	Nanoseconds int64 // of the sign of Seconds, below a second, when it was read
}

// ISODurationOf is an ISODuration of the length of d.
func ISODurationOf(d time.Duration) ISODuration {
	return ISODuration{Seconds: int64(d / time.Second), Nanoseconds: int64(d % time.Second)}
}

// Duration is the length as a time.Duration, and whether it fits in one.
func (d ISODuration) Duration() (time.Duration, bool) {
	n, ok := d.normal()
	if !ok || n.Seconds > math.MaxInt64/int64(time.Second) || n.Seconds < math.MinInt64/int64(time.Second) {
		return 0, false
	}
	whole := n.Seconds * int64(time.Second)
	sum := whole + n.Nanoseconds
	if n.Nanoseconds > 0 && sum < whole || n.Nanoseconds < 0 && sum > whole {
		return 0, false
	}
	return time.Duration(sum), true
}

// normal has Nanoseconds below a second, of the sign of Seconds.
func (d ISODuration) normal() (ISODuration, bool) {
	const second = int64(time.Second)
	carry := d.Nanoseconds / second
	s, n := d.Seconds+carry, d.Nanoseconds%second
	if carry > 0 && s < d.Seconds || carry < 0 && s > d.Seconds {
		return d, false
	}
	switch {
	case s > 0 && n < 0:
		s, n = s-1, n+second
	case s < 0 && n > 0:
		s, n = s+1, n-second
	}
	return ISODuration{Seconds: s, Nanoseconds: n}, true
}

// String is the form on the wire, in days, hours, minutes and seconds.
func (d ISODuration) String() string {
	n, ok := d.normal()
	if !ok {
		return fmt.Sprintf("%d s %d ns", d.Seconds, d.Nanoseconds)
	}
	if n == (ISODuration{}) {
		return "PT0S"
	}
	text := "P"
	seconds, nanos := uint64(n.Seconds), uint64(n.Nanoseconds)
	if n.Seconds < 0 || n.Nanoseconds < 0 {
		text, seconds, nanos = "-P", -seconds, -nanos
	}
	part := func(v uint64, unit string) {
		if v > 0 {
			text += strconv.FormatUint(v, 10) + unit
		}
	}
	part(seconds/86400, "D")
	if seconds %= 86400; seconds == 0 && nanos == 0 {
		return text
	}
	text += "T"
	part(seconds/3600, "H")
	part(seconds/60%60, "M")
	if nanos == 0 {
		part(seconds%60, "S")
		return text
	}
	digits := fmt.Sprintf("%09d", nanos)
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return text + strconv.FormatUint(seconds%60, 10) + "." + digits + "S"
}

// MarshalText is the form on the wire.
func (d ISODuration) MarshalText() ([]byte, error) {
	if _, ok := d.normal(); !ok {
		return nil, fmt.Errorf("the duration %s is too long", d)
	}
	return []byte(d.String()), nil
}

// durationUnits are the units of an ISO 8601 duration, in order, in seconds.
var durationUnits = []struct {
	letter  byte
	inDay   bool // behind the T
	seconds int64
}{
	{'Y', false, 365 * 86400}, {'M', false, 30 * 86400}, {'W', false, 7 * 86400}, {'D', false, 86400},
	{'H', true, 3600}, {'M', true, 60}, {'S', true, 1},
}

// UnmarshalText reads any ISO 8601 duration: a sign, years, months, weeks, days,
// hours, minutes and seconds, each of which may have a fraction.
func (d *ISODuration) UnmarshalText(text []byte) error {
	r := reader{text: text}
	negative := r.take('-')
	if !negative {
		r.take('+')
	}
	r.expect('P')
	var sum ISODuration
	units, inDay, any := durationUnits, false, false
	for !r.fault && r.at < len(text) {
		if !inDay && r.take('T') {
			inDay, any = true, false
			continue
		}
		amount, fraction := r.amount()
		for len(units) > 0 && (units[0].inDay != inDay || r.at == len(text) || units[0].letter != text[r.at]) {
			units = units[1:]
		}
		if len(units) == 0 || r.fault {
			r.fault = true
			break
		}
		if amount > (math.MaxInt64/2-sum.Seconds)/units[0].seconds {
			return fmt.Errorf("the duration %q is too long", text)
		}
		sum.Seconds += amount * units[0].seconds
		sum.Nanoseconds += fraction * units[0].seconds
		units, any = units[1:], true
		r.at++
	}
	r.fault = r.fault || !any
	if err := r.end("an ISO 8601 duration"); err != nil {
		return err
	}
	if negative {
		sum.Seconds, sum.Nanoseconds = -sum.Seconds, -sum.Nanoseconds
	}
	*d, _ = sum.normal() // it is at most a sixth of what an int64 holds
	return nil
}

// amount is a number that may have a fraction, in billionths.
func (r *reader) amount() (whole, fraction int64) {
	start := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	whole, err := strconv.ParseInt(string(r.text[start:r.at]), 10, 64)
	if err != nil {
		r.fault = true
	}
	if r.take('.') || r.take(',') {
		fraction = int64(r.fraction())
	}
	return whole, fraction
}
