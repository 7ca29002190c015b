package client

// outbox collects commands into frames that stay within a size.
type outbox struct {
	buf  []byte // the frames, one behind the other
	ends []int  // where each full frame ends in buf; the last one is still open
}

// add appends a command to the open frame, or to a new one if it would grow over
// limit. A command that is larger than limit by itself gets a frame by itself.
func (o *outbox) add(command []byte, separator string, limit int) {
	start := 0
	if n := len(o.ends); n > 0 {
		start = o.ends[n-1]
	}
	if open := len(o.buf) - start; open > 0 {
		if open+len(separator)+len(command) > limit {
			o.ends = append(o.ends, len(o.buf))
		} else {
			o.buf = append(o.buf, separator...)
		}
	}
	o.buf = append(o.buf, command...)
}

// frames calls write for each frame, in order, until one fails.
func (o *outbox) frames(write func([]byte) error) error {
	start := 0
	for _, end := range o.ends {
		if err := write(o.buf[start:end]); err != nil {
			return err
		}
		start = end
	}
	if start == len(o.buf) {
		return nil
	}
	return write(o.buf[start:])
}

// maxKeptBuffer bounds the memory that an idle connection keeps for a burst that
// has passed.
const maxKeptBuffer = 64 << 10

func (o *outbox) reset() {
	o.ends = o.ends[:0]
	o.buf = reuse(o.buf)
}

func reuse(b []byte) []byte {
	if cap(b) > maxKeptBuffer {
		return nil
	}
	return b[:0]
}
