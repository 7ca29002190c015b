package client

import (
	"errors"
	"fmt"
	"time"
)

// DateTime is a date and a time of day whose offset from UTC may be missing, as
// Python's datetime. It travels as "2026-02-28T23:59:59.5" with "Z", "+02:00" or
// nothing behind it.
type DateTime struct {
	// Time is the instant or, if Local, the date and time of day in UTC's place.
	Time time.Time
	// Local means that the offset is missing: nobody says which instant it is.
	Local bool
}

// String is the form on the wire.
func (d DateTime) String() string {
	if d.Local {
		return d.Time.Format("2006-01-02T15:04:05.999999999")
	}
	t := d.Time
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.In(time.FixedZone("", offset-offset%60)) // RFC 3339 has no seconds there
	}
	return t.Format(time.RFC3339Nano)
}

// MarshalText is the form on the wire. It is an error if the year has not four
// digits.
func (d DateTime) MarshalText() ([]byte, error) {
	if y := d.Time.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("the year %d does not have four digits", y)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads a date and a time of day with "T" or a space between, with
// or without seconds, a fraction and an offset.
func (d *DateTime) UnmarshalText(text []byte) error {
	r := reader{text: text}
	date := r.date()
	if !r.take('T') && !r.take('t') {
		r.expect(' ')
	}
	clock := r.clock()
	if err := r.end("a date and time"); err != nil {
		return err
	}
	zone := time.UTC
	if clock.Offset != 0 {
		zone = time.FixedZone("", int(clock.Offset/time.Second))
	}
	d.Time = time.Date(date.Year, date.Month, date.Day, clock.Hour, clock.Minute, clock.Second, clock.Nanosecond, zone)
	d.Local = !clock.HasOffset
	return nil
}

// Date is a day of the calendar, without a time of day. It travels as
// "2026-02-28". The zero Date is none and cannot be sent.
type Date struct {
	Year  int // 0 to 9999
	Month time.Month
	Day   int
}

// DateOf is the day of t, where t is.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Year: y, Month: m, Day: d}
}

// In is the beginning of the day at a place.
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// String is the form on the wire.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// MarshalText is the form on the wire. It is an error if there is no such day.
func (d Date) MarshalText() ([]byte, error) {
	if d.Year < 0 || d.Year > 9999 || DateOf(d.In(time.UTC)) != d {
		return nil, fmt.Errorf("there is no day %s", d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads the form on the wire.
func (d *Date) UnmarshalText(text []byte) error {
	r := reader{text: text}
	date := r.date()
	if err := r.end("a date"); err != nil {
		return err
	}
	*d = date
	return nil
}

// TimeOfDay is a time of day, with or without an offset from UTC. It travels as
// "23:59:59.5", with "Z" or "+02:00" behind it if there is an offset.
type TimeOfDay struct {
	Hour, Minute, Second, Nanosecond int
	HasOffset                        bool
	Offset                           time.Duration // east of UTC, in whole minutes; 0 without one
}

// String is the form on the wire.
func (t TimeOfDay) String() string {
	text := time.Date(0, 1, 1, t.Hour, t.Minute, t.Second, t.Nanosecond, time.UTC).Format("15:04:05.999999999")
	switch {
	case !t.HasOffset:
		return text
	case t.Offset == 0:
		return text + "Z"
	}
	sign, minutes := '+', int(t.Offset/time.Minute)
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	return fmt.Sprintf("%s%c%02d:%02d", text, sign, minutes/60, minutes%60)
}

// MarshalText is the form on the wire. It is an error if no clock shows it.
func (t TimeOfDay) MarshalText() ([]byte, error) {
	if !t.valid() {
		return nil, fmt.Errorf("there is no time of day %+v", struct {
			Hour, Minute, Second, Nanosecond int
			Offset                           time.Duration
		}{t.Hour, t.Minute, t.Second, t.Nanosecond, t.Offset})
	}
	return []byte(t.String()), nil
}

func (t TimeOfDay) valid() bool {
	within := func(v, end int) bool { return v >= 0 && v < end }
	return within(t.Hour, 24) && within(t.Minute, 60) && within(t.Second, 60) && within(t.Nanosecond, 1e9) &&
		t.Offset > -24*time.Hour && t.Offset < 24*time.Hour && t.Offset%time.Minute == 0 && (t.HasOffset || t.Offset == 0)
}

// UnmarshalText reads a time of day with or without seconds, a fraction and an
// offset.
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	r := reader{text: text}
	clock := r.clock()
	if err := r.end("a time of day"); err != nil {
		return err
	}
	*t = clock
	return nil
}

// reader reads what dates and times are made of. After a fault it reads on, and
// end says so.
type reader struct {
	text  []byte
	at    int
	fault bool
}

var errNotThere = errors.New("something is missing or out of range")

func (r *reader) take(c byte) bool {
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *reader) expect(c byte) {
	if !r.take(c) {
		r.fault = true
	}
}

// digits is a number of exactly n digits, from low to high.
func (r *reader) digits(n, low, high int) int {
	v := 0
	for range n {
		if r.at == len(r.text) || r.text[r.at] < '0' || r.text[r.at] > '9' {
			r.fault = true
			return low
		}
		v = v*10 + int(r.text[r.at]-'0')
		r.at++
	}
	if v < low || v > high {
		r.fault = true
		return low
	}
	return v
}

// fraction is what stands behind a decimal point or comma, in billionths. Digits
// beyond the ninth are dropped.
func (r *reader) fraction() int {
	v, unit, start := 0, 100_000_000, r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		v += int(r.text[r.at]-'0') * unit
		unit /= 10
		r.at++
	}
	r.fault = r.fault || r.at == start
	return v
}

func (r *reader) date() Date {
	var d Date
	d.Year = r.digits(4, 0, 9999)
	r.expect('-')
	d.Month = time.Month(r.digits(2, 1, 12))
	r.expect('-')
	d.Day = r.digits(2, 1, 31)
	if DateOf(d.In(time.UTC)) != d {
		r.fault = true
	}
	return d
}

func (r *reader) clock() TimeOfDay {
	var t TimeOfDay
	t.Hour = r.digits(2, 0, 23)
	r.expect(':')
	t.Minute = r.digits(2, 0, 59)
	if r.take(':') {
		t.Second = r.digits(2, 0, 59)
		if r.take('.') || r.take(',') {
			t.Nanosecond = r.fraction()
		}
	}
	sign := time.Duration(1)
	switch {
	case r.take('Z'), r.take('z'):
		t.HasOffset = true
		return t
	case r.take('+'):
	case r.take('-'):
		sign = -1
	default:
		return t
	}
	t.HasOffset = true
	hours := r.digits(2, 0, 23)
	r.take(':')
	t.Offset = sign * (time.Duration(hours)*time.Hour + time.Duration(r.digits(2, 0, 59))*time.Minute)
	return t
}

func (r *reader) end(what string) error {
	if r.fault || r.at < len(r.text) {
		return fmt.Errorf("%q is not %s: %w", r.text, what, errNotThere)
	}
	return nil
}
