package memstore

// userSlot is a user's place among those of a shard. Zero stands for none.
type userSlot uint32

// user is what one user has in the store.
type user struct {
	hash  uint64
	calls int
	bytes int64 // of replies, without what blocks leave empty
	ends  list
}

// users are those of one shard that have calls.
type users struct {
	byHash map[uint64]userSlot
	all    []user // from 1 on
	free   []userSlot
}

func newUsers() users { return users{byHash: map[uint64]userSlot{}, all: make([]user, 1)} }

// join counts a call of the user, which may be a new one.
func (u *users) join(hash uint64) userSlot {
	at, ok := u.byHash[hash]
	if !ok {
		if last := len(u.free) - 1; last >= 0 {
			at, u.free = u.free[last], u.free[:last]
		} else {
			u.all = append(u.all, user{})
			at = userSlot(len(u.all) - 1)
		}
		u.all[at] = user{hash: hash}
		u.byHash[hash] = at
	}
	u.all[at].calls++
	return at
}

// leave counts one call less, and forgets the user with the last one.
func (u *users) leave(at userSlot) {
	user := &u.all[at]
	if user.calls--; user.calls == 0 {
		delete(u.byHash, user.hash)
		u.free = append(u.free, at)
	}
}
