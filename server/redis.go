package server

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/internal/redisclient"
)

const (
	// redisTimeout bounds what is asked of a Redis besides the library.
	redisTimeout = 2 * time.Second
	// redisConnectTimeout and redisIOTimeout are the library's. What is published
	// while a Redis is stalled fails after the latter and 0.8 s more, which the
	// library takes to notice.
	redisConnectTimeout = time.Second
	redisIOTimeout      = 2 * time.Second
	// redisLookEvery is how often a Redis is looked at.
	redisLookEvery = time.Second
)

// publications are the Redises that the nodes of a system publish through: those
// of Config.Redis. It looks after each with a client of its own, for the library's
// neither tells how they are nor says so in the log once instead of all the time.
type publications struct {
	shards  []*redisShard
	stop    context.CancelFunc
	running sync.WaitGroup
}

// redisShard is one of them.
type redisShard struct {
	address redisclient.Address
	client  rueidis.Client
	library *centrifuge.RedisShard // nil until there is a node
	away    atomic.Bool
	missed  atomic.Int32  // so many looks in a row found it away
	look    chan struct{} // asks for a look at once
}

// newPublications connects to all of Config.Redis, and makes sure that they are fit
// for use.
func newPublications(cfg *Config) (*publications, error) {
	ctx, stop := context.WithCancel(context.Background())
	p := &publications{stop: stop}
	var distinct redisclient.Distinct
	for i, url := range cfg.Redis {
		address, err := redisclient.Parse(fmt.Sprintf("Config.Redis[%d]", i), url, cfg.RedisTLS)
		if err != nil {
			p.close()
			return nil, err
		}
		shard := &redisShard{address: address, look: make(chan struct{}, 1)}
		if shard.client, err = address.Connect(ctx, redisTimeout, cfg.Logger); err != nil {
			p.close()
			return nil, err
		}
		p.shards = append(p.shards, shard)
		if err := distinct.Add(ctx, address, shard.client); err != nil {
			p.close()
			return nil, err
		}
		if err := shard.mayPublish(ctx, cfg.RedisPrefix); err != nil {
			p.close()
			return nil, address.Explain(err)
		}
	}
	for _, shard := range p.shards {
		p.running.Go(func() { shard.watch(ctx, cfg) })
	}
	return p, nil
}

// close ends it, and the library's clients.
func (p *publications) close() {
	p.stop()
	p.running.Wait()
	for _, shard := range p.shards {
		shard.client.Close()
		if shard.library != nil {
			shard.library.Close()
		}
	}
}

// count is how many of the Redises are out of reach, and how many there are.
func (p *publications) count() (away, all int) {
	for _, shard := range p.shards {
		if shard.away.Load() {
			away++
		}
	}
	return away, len(p.shards)
}

// reached reports whether one of the Redises was there when it was last looked at.
func (p *publications) reached() bool {
	away, all := p.count()
	return away < all
}

// isolated reports whether none of the Redises was there for a while: a moment is no
// reason to send clients elsewhere, for it may be the same there.
func (p *publications) isolated() bool {
	return !slices.ContainsFunc(p.shards, func(r *redisShard) bool { return r.missed.Load() < isolatedMisses })
}

// suspect has all be looked at now: the library had an error.
func (p *publications) suspect() {
	for _, shard := range p.shards {
		select {
		case shard.look <- struct{}{}:
		default:
		}
	}
}

// use has the node publish through the Redises, so that what one node publishes
// reaches the clients of all, and keep presence there.
func (p *publications) use(node *centrifuge.Node, prefix string) error {
	shards := make([]*centrifuge.RedisShard, len(p.shards))
	for i, shard := range p.shards {
		var err error
		if shard.library, err = centrifuge.NewRedisShard(node, libraryShard(shard.address)); err != nil {
			return shard.address.Explain(err)
		}
		shards[i] = shard.library
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Prefix: prefix, Shards: shards})
	if err != nil {
		return fmt.Errorf("Config.Redis: %w", err)
	}
	if slices.ContainsFunc(p.shards, (*redisShard).isCluster) {
		node.SetBroker(redisBroker{broker, p.reached})
	} else {
		node.SetBroker(broker)
	}
	presence, err := centrifuge.NewRedisPresenceManager(node, centrifuge.RedisPresenceManagerConfig{Prefix: prefix, Shards: shards})
	if err != nil {
		return fmt.Errorf("Config.Redis: %w", err)
	}
	node.SetPresenceManager(presence)
	return nil
}

// libraryShard is an address as the library has it.
func libraryShard(address redisclient.Address) centrifuge.RedisShardConfig {
	option := address.Option
	option.InitAddress = slices.Clone(option.InitAddress) // the library shuffles it
	shard := centrifuge.RedisShardConfig{
		DB: option.SelectDB, User: option.Username, Password: option.Password, TLSConfig: option.TLSConfig,
		ForceRESP2: option.AlwaysRESP2, ClientName: option.ClientName,
		ConnectTimeout: redisConnectTimeout, IOTimeout: redisIOTimeout,
	}
	switch {
	case option.Sentinel.MasterSet != "":
		shard.SentinelAddresses, shard.SentinelMasterName = option.InitAddress, option.Sentinel.MasterSet
		shard.SentinelUser, shard.SentinelPassword = option.Sentinel.Username, option.Sentinel.Password
		shard.SentinelTLSConfig = option.Sentinel.TLSConfig
	case len(option.InitAddress) > 1:
		shard.ClusterAddresses = option.InitAddress
	case address.IsUnix():
		shard.Address = "unix://" + option.InitAddress[0]
	default:
		shard.Address = option.InitAddress[0]
	}
	return shard
}

func (r *redisShard) isCluster() bool { return r.client.Mode() == rueidis.ClientModeCluster }

// mayPublish publishes, and subscribes, once: a user that may not would have the
// library try for ever.
func (r *redisShard) mayPublish(ctx context.Context, prefix string) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	channel := prefix + ".start"
	err := r.anyNode(ctx, func(ctx context.Context, node rueidis.Client) error {
		return node.Do(ctx, node.B().Publish().Channel(channel).Message("").Build()).Error()
	})
	if err != nil {
		return err
	}
	hearing, heard := context.WithCancel(ctx)
	defer heard()
	hearing = rueidis.WithOnSubscriptionHook(hearing, func(rueidis.PubSubSubscription) { heard() })
	err = r.anyNode(hearing, func(ctx context.Context, node rueidis.Client) error {
		return node.Receive(ctx, node.B().Subscribe().Channel(channel).Build(), func(rueidis.PubSubMessage) {})
	})
	if hearing.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// watch asks the Redis how it is, and says in the log when that changes.
func (r *redisShard) watch(ctx context.Context, cfg *Config) {
	log := cfg.Logger.With("redis", r.address.Hosts())
	ticker := time.NewTicker(redisLookEvery)
	defer ticker.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-r.look:
			if time.Since(last) < redisLookEvery/10 { // it may be asked for with every client
				continue
			}
		}
		err := r.ping(ctx)
		last = time.Now()
		switch was := r.away.Load(); {
		case ctx.Err() != nil:
			return
		case err != nil && !was:
			log.Error("Redis is out of reach: replies and events do not get to clients until it is back", "error", err)
		case err == nil && was:
			log.Info("Redis is back for replies and events")
		}
		r.away.Store(err != nil)
		if err == nil {
			r.missed.Store(0)
		} else {
			r.missed.Add(1)
		}
	}
}

func (r *redisShard) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	return r.anyNode(ctx, func(ctx context.Context, node rueidis.Client) error {
		return node.Do(ctx, node.B().Ping().Build()).Error()
	})
}

// anyNode asks the Redis, or all nodes of a Redis Cluster, of which one suffices: it may
// list some that are dead.
func (r *redisShard) anyNode(ctx context.Context, do func(context.Context, rueidis.Client) error) error {
	if r.client.Mode() != rueidis.ClientModeCluster {
		return do(ctx, r.client)
	}
	return redisclient.AnyNode(ctx, r.client, do)
}
