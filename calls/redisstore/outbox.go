package redisstore

import (
	"context"

	"github.com/redis/rueidis"
)

// What waits in an outbox, and goes out of it in one piece.
const (
	maxWaiting = 4096
	maxBatch   = 64
)

// message is a script to be run whose answer nobody waits for.
type message struct {
	script     *script
	keys, args []string
}

// outbox sends messages in the background. What finds it full, or Redis out of
// reach, is dropped.
type outbox struct {
	shard   *shard
	waiting chan message
}

func newOutbox(s *shard) *outbox { return &outbox{s, make(chan message, maxWaiting)} }

// put does not block.
func (o *outbox) put(m message) {
	select {
	case o.waiting <- m:
	default:
	}
}

// send sends what is put until the store is closed.
func (o *outbox) send(ctx context.Context) {
	batch := make([]message, 0, maxBatch)
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-o.waiting:
			batch = append(batch[:0], m)
		}
		for more := true; more && len(batch) < maxBatch; {
			select {
			case m := <-o.waiting:
				batch = append(batch, m)
			default:
				more = false
			}
		}
		if o.shard.node.leased() {
			o.deliver(ctx, batch)
		}
		clear(batch)
	}
}

// deliver sends a batch at once, and in full what Redis does not know by its hash. It
// reports whether Redis took all of it.
func (o *outbox) deliver(ctx context.Context, batch []message) (taken bool) {
	ctx, end, err := o.shard.begin(ctx)
	if err != nil {
		return false
	}
	defer end()
	client := o.shard.client
	commands := make(rueidis.Commands, len(batch))
	for i, m := range batch {
		commands[i] = m.script.bySHA(client.B(), m.keys, m.args)
	}
	var unknown rueidis.Commands
	taken = true
	for i, res := range client.DoMulti(ctx, commands...) {
		switch err := res.Error(); {
		case isNoScript(err):
			unknown = append(unknown, batch[i].script.byText(client.B(), batch[i].keys, batch[i].args))
		case err != nil:
			taken = false
		}
	}
	if len(unknown) > 0 {
		for _, res := range client.DoMulti(ctx, unknown...) {
			taken = taken && res.Error() == nil
		}
	}
	return taken
}
