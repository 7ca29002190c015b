package redisclient

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
)

// Distinct are Redises that are to be different ones: those that something is spread
// over. Its zero value has none. It is for one goroutine.
type Distinct struct {
	settings map[string]string // by the identities of processes
}

// Add makes sure that the Redis of a client, which is connected, is none of those
// added before, by whatever address: another database of one is the same Redis. The
// error names both settings. A Redis that does not tell its identity counts as
// another one.
func (d *Distinct) Add(ctx context.Context, a Address, client rueidis.Client) error {
	if d.settings == nil {
		d.settings = map[string]string{}
	}
	for _, node := range client.Nodes() {
		info, err := Info(ctx, node, "server")
		id := info["run_id"]
		if err != nil || id == "" {
			continue
		}
		if first := d.settings[id]; first != "" && first != a.Setting {
			return fmt.Errorf("%s (%s) is the same Redis as %s; give each one once, for everything is spread over all that are in the list, and databases of one Redis are not different ones", a.Setting, a.Hosts(), first)
		}
		d.settings[id] = a.Setting
	}
	return nil
}
