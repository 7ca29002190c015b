package calls

import (
	"sync"
	"time"
)

// lastItems is how long a drain waits for callers to take the last items of streams
// whose handlers have returned.
const lastItems = 5 * time.Second

// untaken counts streams whose handlers have returned and whose callers have not
// taken all items yet. They take no slot of the process, so that callers who are
// away or slow neither fill it nor hold a drain up.
type untaken struct {
	mu      sync.Mutex
	streams int
	bytes   int64
	none    chan struct{} // closed when there are none; nil while nobody waits
}

func (u *untaken) add(bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.streams++
	u.bytes += bytes
}

func (u *untaken) remove(bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.streams--
	u.bytes -= bytes
	if u.streams == 0 && u.none != nil {
		close(u.none)
		u.none = nil
	}
}

// full reports whether there are so many that no other stream may begin.
func (u *untaken) full(streams int, bytes int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.streams >= streams || u.bytes >= bytes
}

// wait waits until there are none, for a while at most, and returns how many are
// left.
func (u *untaken) wait(stop <-chan struct{}) (left int) {
	u.mu.Lock()
	if u.streams == 0 {
		u.mu.Unlock()
		return 0
	}
	if u.none == nil {
		u.none = make(chan struct{})
	}
	none := u.none
	u.mu.Unlock()
	late := time.NewTimer(lastItems)
	defer late.Stop()
	select {
	case <-none:
	case <-late.C:
	case <-stop:
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.streams
}
