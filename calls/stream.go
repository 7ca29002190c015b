package calls

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// keptPast is how long past its call's deadline a stream keeps what was not taken,
// and a reply that could not be stored is kept.
const keptPast = 10 * time.Second

// stream keeps the items of a call that its caller has not taken yet, so that
// they can be sent again, and holds its handler up while there are too many.
// What is in it is guarded by mu.
type stream struct {
	run *run

	mu    sync.Mutex
	items [][]byte // as published; the first is number next-len(items)
	next  uint64   // number of the next item
	room  chan struct{}
	final []byte // as published; nil while the handler runs
	over  bool   // nothing will be sent any more
	again bool   // items are being sent again
	stop  *time.Timer
}

func newStream(r *run) *stream { return &stream{run: r, room: make(chan struct{}, 1)} }

// send publishes an item. It blocks while the caller has too many.
func (s *stream) send(item json.RawMessage) error {
	e := s.run.engine()
	if len(item) > e.cfg.MaxResultSize {
		return centrirpc.Errorf(wire.PayloadTooLarge, "an item is %d bytes; at most %d can be sent", len(item), e.cfg.MaxResultSize)
	}
	message, sent, err := s.add(item)
	if !sent && err == nil {
		message, err = s.await(item)
	}
	if err == nil {
		s.run.happened(ItemSent)
		s.run.broadcast(message)
	}
	return err
}

// await adds an item once there is room: of the stream's own making, or of another
// one's of the connection.
func (s *stream) await(item json.RawMessage) ([]byte, error) {
	s.run.caller.waiting.add(s)
	defer s.run.caller.waiting.remove(s)
	for {
		if message, sent, err := s.add(item); sent || err != nil {
			return message, err
		}
		select {
		case <-s.room:
		case <-s.run.Done():
			return nil, s.run.Err()
		}
	}
}

// waiting are the streams of a connection that wait for room.
type waiting struct {
	mu      sync.Mutex
	streams map[*stream]struct{}
}

func (w *waiting) add(s *stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.streams == nil {
		w.streams = map[*stream]struct{}{}
	}
	w.streams[s] = struct{}{}
}

func (w *waiting) remove(s *stream) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.streams, s)
}

// wake has all of them look again.
func (w *waiting) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s := range w.streams {
		select {
		case s.room <- struct{}{}:
		default:
		}
	}
}

// add takes an item if there is room for it.
func (s *stream) add(item json.RawMessage) (message []byte, added bool, err error) {
	e := s.run.engine()
	if err := s.run.Err(); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over || s.final != nil:
		return nil, false, context.Canceled
	case len(s.items) == 0: // there is always room for one
	case len(s.items) >= e.cfg.MaxStreamItems, s.run.caller.streamBytes.Load()+int64(len(item)) > int64(e.cfg.MaxStreamBytes), e.streamBytes.Load() > e.cfg.MaxStreamBytesTotal:
		return nil, false, nil
	}
	message = wire.EncodeItem(s.run.CorrelationID, s.next, item)
	s.next++
	s.items = append(s.items, message)
	s.count(len(message))
	return message, true, nil
}

func (s *stream) count(bytes int) {
	s.run.caller.streamBytes.Add(int64(bytes))
	s.run.engine().streamBytes.Add(int64(bytes))
}

// bytes is the size of the items that were not taken. It is called with mu held.
func (s *stream) bytes() (sum int64) {
	for _, item := range s.items {
		sum += int64(len(item))
	}
	return sum
}

// taken lets go of the items up to seq.
func (s *stream) taken(seq uint64) {
	s.mu.Lock()
	first := s.next - uint64(len(s.items))
	if seq < first || seq >= s.next {
		s.mu.Unlock()
		return
	}
	s.drop(int(seq - first + 1))
	flushed := s.final != nil && len(s.items) == 0
	s.mu.Unlock()
	s.run.caller.waiting.wake()
	if flushed {
		s.close()
	}
}

// drop is called with mu held.
func (s *stream) drop(n int) {
	for _, item := range s.items[:n] {
		s.count(-len(item))
	}
	s.items = slices.Delete(s.items, 0, n)
}

// end makes final the stream's last message, with the number of its items. The
// run stays until the caller has taken them all, or has stopped asking.
func (s *stream) end(final []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.final = wire.EncodeStreamEnd(final, s.next)
	if len(s.items) > 0 && !s.over {
		s.run.keep(s.bytes())
		s.stop = time.AfterFunc(time.Until(s.run.deadline)+keptPast, s.close)
	}
	return s.final
}

// close forgets the items: they were taken, or nobody wants them.
func (s *stream) close() {
	s.mu.Lock()
	s.over = true
	s.drop(len(s.items))
	held := s.stop != nil
	if held {
		s.stop.Stop()
		s.stop = nil
	}
	s.mu.Unlock()
	s.run.caller.waiting.wake()
	if held {
		s.run.letGo()
	}
}

// received is told that the caller has the stream's end, and so all its items.
func (s *stream) received() {
	s.mu.Lock()
	ended := s.final != nil
	s.mu.Unlock()
	if ended {
		s.close()
	}
}

// resume publishes on a channel what comes from seq on, for a caller who has
// missed it.
func (s *stream) resume(seq uint64, channel string) {
	s.mu.Lock()
	if s.again {
		s.mu.Unlock()
		return // a caller that misses something still will ask again
	}
	first := s.next - uint64(len(s.items))
	var messages [][]byte
	switch {
	case s.over && seq < s.next:
		messages = [][]byte{wire.EncodeError(s.run.CorrelationID, itemsGone().Wire())}
	case seq < s.next: // below first, an acknowledgement has overtaken the question
		messages = slices.Clone(s.items[max(seq, first)-first:])
		fallthrough
	default:
		if s.final != nil {
			messages = append(messages, s.final)
		}
	}
	s.again = true
	s.mu.Unlock()
	go func() {
		defer s.run.recovered()
		for _, message := range messages {
			s.run.sendTo(channel, message)
		}
		s.mu.Lock()
		s.again = false
		s.mu.Unlock()
	}()
}

func (s *stream) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (s *stream) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items) == 0
}

func itemsGone() *centrirpc.Error {
	return centrirpc.Errorf(wire.OutcomeUnknown, "items of the stream are missing, and are no longer kept")
}
