package redisclient_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/internal/redisclient"
	"github.com/centrirpc/centrirpc/internal/redisserver"
)

// A node that does not answer holds up no other, whichever is asked first: which one
// that would be is left to chance, so it is asked often.
func TestSpareDoesNotWaitForTheDead(t *testing.T) {
	masters := redisserver.StartCluster(t, 2, "--cluster-node-timeout", "60000")
	one, other := redisserver.AddReplica(t, masters[0]), redisserver.AddReplica(t, masters[0])
	var client rueidis.Client
	for end := time.Now().Add(20 * time.Second); ; client.Close() { // until the replicas are listed
		var err error
		client, err = rueidis.NewClient(rueidis.ClientOption{
			InitAddress: []string{masters[0].Addr()}, Dialer: net.Dialer{Timeout: time.Minute}, DisableCache: true, DisableRetry: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(client.Nodes()) == 4 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the cluster lists %d nodes", len(client.Nodes()))
		}
	}
	t.Cleanup(client.Close)
	one.Pause()
	other.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 20 {
		err := redisclient.AnyNode(ctx, client, func(ctx context.Context, node rueidis.Client) error {
			return node.Do(ctx, node.B().Ping().Build()).Error()
		})
		if err != nil {
			t.Fatal("one of the nodes that answer:", err)
		}
		if !redisclient.Spare(ctx, client, one.Addr()) {
			t.Fatal("a replica is not done without")
		}
		if redisclient.Spare(ctx, client, masters[1].Addr()) {
			t.Fatal("a master is done without")
		}
	}
}

// What no node does is an error.
func TestAnyNodeOfNone(t *testing.T) {
	masters := redisserver.StartCluster(t, 2)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{masters[0].Addr()}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	asked := make(chan struct{}, 2)
	refusal := errors.New("not I")
	err = redisclient.AnyNode(t.Context(), client, func(context.Context, rueidis.Client) error {
		asked <- struct{}{}
		return refusal
	})
	if !errors.Is(err, refusal) || len(asked) != 2 {
		t.Errorf("%v of %d nodes", err, len(asked))
	}
}
