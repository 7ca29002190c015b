package serving

import (
	"fmt"
	"time"
)

// Settings gives settings that are 0 their defaults, and checks the others.
type Settings struct {
	// Package begins the error.
	Package string
	err     error
}

// Size is a setting that is a number, or a size in bytes, of at least that much.
func (s *Settings) Size(name string, value *int, standard, least int) {
	if *value == 0 {
		*value = standard
	}
	if *value < least && s.err == nil {
		s.err = fmt.Errorf("%s: %s is %d; it must be at least %d, or 0 for %d", s.Package, name, *value, least, standard)
	}
}

// Duration is a setting that is a time, which must not be negative.
func (s *Settings) Duration(name string, value *time.Duration, standard time.Duration) {
	if *value < 0 && s.err == nil {
		s.err = fmt.Errorf("%s: %s is %v; it must not be negative, and 0 means %v", s.Package, name, *value, standard)
	}
	if *value == 0 {
		*value = standard
	}
}

// Err names the first setting that is wrong, and what it may be.
func (s *Settings) Err() error { return s.err }
