package memstore

import "sync/atomic"

// Replies lie together in blocks, in the order in which their calls ended, so that
// the garbage collector has one object without pointers to look at in place of
// hundreds. A block is given back when none of its replies is kept any more.
const (
	minBlockSize = 512
	maxBlockSize = 16 << 10
)

// place is where a reply lies. A size of 0 means that there is none.
type place struct{ block, offset, size uint32 }

type block struct {
	data []byte
	kept int // replies
}

// replies are the stored replies of one shard.
type replies struct {
	blocks    map[uint32]*block
	open      uint32 // the block that takes the next reply
	blockSize int
	total     *atomic.Int64 // the memory of all shards' blocks
}

func (r *replies) put(reply []byte) place {
	b := r.blocks[r.open]
	if b == nil || len(b.data)+len(reply) > cap(b.data) {
		r.discard(r.open)
		r.open++
		b = &block{data: make([]byte, 0, max(r.blockSize, len(reply)))}
		r.blocks[r.open] = b
		r.total.Add(int64(cap(b.data)))
	}
	p := place{r.open, uint32(len(b.data)), uint32(len(reply))}
	b.data = append(b.data, reply...)
	b.kept++
	return p
}

// get is a reply where it lies.
func (r *replies) get(p place) []byte {
	if p.size == 0 {
		return nil
	}
	return r.blocks[p.block].data[p.offset : p.offset+p.size]
}

// copy copies a reply, for its block may be used again.
func (r *replies) copy(p place) []byte { return append([]byte(nil), r.get(p)...) }

func (r *replies) drop(p place) {
	if p.size == 0 {
		return
	}
	b := r.blocks[p.block]
	if b.kept--; b.kept > 0 {
		return
	}
	if p.block == r.open {
		b.data = b.data[:0]
	} else {
		r.discard(p.block)
	}
}

// discard gives a block back if nothing in it is kept.
func (r *replies) discard(number uint32) {
	if b := r.blocks[number]; b != nil && b.kept == 0 {
		delete(r.blocks, number)
		r.total.Add(-int64(cap(b.data)))
	}
}
