package calls

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// maxStreamItems is how many items a client has room for.
const maxStreamItems = 256

// Config sets up an Engine.
type Config struct {
	// Store remembers calls. It is required: memstore.New for one process.
	Store Store
	// DefaultTimeout bounds a call whose caller does not say how long it waits
	// and whose method has no timeout. Zero means 30 s.
	DefaultTimeout time.Duration
	// MaxTimeout bounds what a caller may ask for; a method's own timeout may be
	// longer. Zero means 5 minutes.
	MaxTimeout time.Duration
	// MaxWait bounds how long a caller may say that it waits, and so how long its
	// call is remembered, whenever it ends: a request that says more is refused with
	// a WaitError. A method's own timeout may be longer. It must be at least
	// MaxTimeout. Zero means 1 hour, or MaxTimeout if that is longer.
	MaxWait time.Duration
	// MaxInFlight bounds the calls that run at the same time; and apart from them the
	// streams that have ended and whose items were not taken yet, at which bound no
	// further stream may begin. Zero means 10,000.
	MaxInFlight int
	// MaxInFlightPerConn bounds the calls of one connection that run at the same
	// time, streams that have ended and whose items it has not taken yet included.
	// Zero means 256.
	MaxInFlightPerConn int
	// MaxResultSize bounds an encoded result, in bytes; a larger one becomes the
	// error payload_too_large. Zero means 512 KiB, which leaves room for others
	// in a client's queue of 1 MiB.
	MaxResultSize int
	// MaxStreamItems bounds the items of a stream that its caller has not taken
	// yet; at the bound the handler's send blocks. Zero means 256, and more are
	// not allowed: that many are what clients keep room for.
	MaxStreamItems int
	// MaxStreamBytes bounds the same in bytes, for all streams of a connection
	// together, so that they do not overrun its queue; each stream may have one
	// item out whatever its size. Zero means 256 KiB.
	MaxStreamBytes int
	// MaxStreamBytesTotal bounds the same in bytes for all streams together; at the
	// bound each stream has one item out at a time. Zero means 256 MiB.
	MaxStreamBytesTotal int64
	// Logger takes what is worth knowing of calls that went wrong. Nil means the
	// router's.
	Logger *slog.Logger
	// Observer is told of every call. Nil means nobody is.
	Observer Observer
	// Tracer follows every call. Nil means nobody does.
	Tracer Tracer
}

func (c Config) withDefaults() (Config, error) {
	if c.Store == nil {
		return c, errors.New("calls: Config.Store is nil; give memstore.New for one process")
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"DefaultTimeout", &c.DefaultTimeout, 30 * time.Second},
		{"MaxTimeout", &c.MaxTimeout, 5 * time.Minute},
		{"MaxWait", &c.MaxWait, max(time.Hour, c.MaxTimeout)},
	} {
		if *d.value < 0 {
			return c, fmt.Errorf("calls: Config.%s is negative: %v", d.name, *d.value)
		}
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	if c.MaxWait < c.MaxTimeout {
		return c, fmt.Errorf("calls: Config.MaxWait is %v; it must be at least MaxTimeout, %v", c.MaxWait, c.MaxTimeout)
	}
	for _, n := range []struct {
		name  string
		value *int
		zero  int
	}{
		{"MaxInFlight", &c.MaxInFlight, 10_000},
		{"MaxInFlightPerConn", &c.MaxInFlightPerConn, 256},
		{"MaxResultSize", &c.MaxResultSize, 512 << 10},
		{"MaxStreamItems", &c.MaxStreamItems, maxStreamItems},
		{"MaxStreamBytes", &c.MaxStreamBytes, 256 << 10},
	} {
		if *n.value < 0 {
			return c, fmt.Errorf("calls: Config.%s is negative: %d", n.name, *n.value)
		}
		if *n.value == 0 {
			*n.value = n.zero
		}
	}
	if c.MaxStreamItems > maxStreamItems {
		return c, fmt.Errorf("calls: Config.MaxStreamItems is %d; at most %d are allowed", c.MaxStreamItems, maxStreamItems)
	}
	if c.MaxStreamBytesTotal < 0 {
		return c, fmt.Errorf("calls: Config.MaxStreamBytesTotal is negative: %d", c.MaxStreamBytesTotal)
	}
	if c.MaxStreamBytesTotal == 0 {
		c.MaxStreamBytesTotal = 256 << 20
	}
	if c.Observer == nil {
		c.Observer = noObserver{}
	}
	return c, nil
}
