package endpoint_test

import (
	"context"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/wire"
)

const slowContract = `{"centrirpc":1,"name":"x","methods":[{"name":"slow","kind":"call"}],"types":[]}`

// TestADeadlineThatTheContextDoesNotTell has calls end by Config.Timeout, and before
// they are sent, as their time is as good as over: a router cannot see either by the
// context.
func TestADeadlineThatTheContextDoesNotTell(t *testing.T) {
	t.Parallel()
	var log journal
	h := serving(t, &log, newSlow().ServeHTTP, func(cfg *endpoint.Config) { cfg.Timeout = 100 * time.Millisecond })
	router := centrirpc.NewRouter(centrirpc.Logger(log.logger()))
	centrirpc.Forward(router, []byte(slowContract), h)
	soon := ending{t.Context(), time.Now().Add(500 * time.Microsecond)}
	for name, ctx := range map[string]context.Context{"Config.Timeout": t.Context(), "half a millisecond": soon} {
		_, err := router.Call(ctx, "slow", nil)
		if e := errorOf(t, err); e.Code != wire.DeadlineExceeded {
			t.Errorf("%s: %v", name, e)
		}
	}
	if log.String() != "" {
		t.Errorf("the log says %s", &log)
	}
}

// ending is a context whose deadline is there, and whose end has not come.
type ending struct {
	context.Context
	at time.Time
}

func (e ending) Deadline() (time.Time, bool) { return e.at, true }
