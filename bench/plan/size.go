package main

import (
	"errors"
	"strconv"
	"strings"
)

// size is a number of bytes, as a flag: "4GiB", "18.4KiB", "250B".
type size float64

const (
	kib size = 1 << 10
	mib size = 1 << 20
	gib size = 1 << 30
)

var units = []struct {
	name string
	size size
}{{"TiB", 1 << 40}, {"GiB", gib}, {"MiB", mib}, {"KiB", kib}, {"B", 1}}

// Set implements flag.Value.
func (s *size) Set(text string) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n >= 0 && n <= 1e15) {
			break
		}
		*s = size(n) * u.size
		return nil
	}
	return errors.New("give a size such as 4GiB, 18.4KiB or 250B")
}

// String implements flag.Value: in the largest unit of which there are ten or a
// whole number.
func (s *size) String() string {
	for _, u := range units {
		n := *s / u.size
		switch {
		case n >= 1 && n == size(int64(n)):
			return strconv.FormatInt(int64(n), 10) + u.name
		case n >= 10:
			return strconv.FormatFloat(float64(n), 'f', 1, 64) + u.name
		}
	}
	return strconv.FormatFloat(float64(*s), 'f', -1, 64) + "B"
}
