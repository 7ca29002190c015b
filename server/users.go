package server

import "sync"

// users counts the connections of each user.
type users struct {
	limit int // 0 means none, and nothing is counted
	mu    sync.Mutex
	count map[string]int
}

func newUsers(limit int) *users { return &users{limit: limit, count: map[string]int{}} }

// enter counts a connection and reports whether the user may have it. It is
// counted either way: leave is called for every connection.
func (u *users) enter(id string) bool {
	if u.limit == 0 {
		return true
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count[id]++
	return u.count[id] <= u.limit
}

func (u *users) leave(id string) {
	if u.limit == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.count[id]--; u.count[id] <= 0 {
		delete(u.count, id)
	}
}
