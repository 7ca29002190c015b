package server

import (
	"fmt"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/rueidis"
)

// useRedis has the node publish through the shards of Config.Redis, so that what
// one node publishes reaches the clients of all.
func (s *Server) useRedis(node *centrifuge.Node) error {
	if len(s.cfg.Redis) == 0 {
		return nil
	}
	shards := make([]*centrifuge.RedisShard, len(s.cfg.Redis))
	for i, address := range s.cfg.Redis {
		shard, err := redisShard(address)
		if err != nil {
			return fmt.Errorf("Config.Redis[%d]: %w", i, err)
		}
		if shards[i], err = centrifuge.NewRedisShard(node, shard); err != nil {
			return fmt.Errorf("Config.Redis[%d]: Redis at %s is out of reach: %w", i, hosts(shard), err)
		}
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Prefix: s.cfg.RedisPrefix, Shards: shards})
	if err != nil {
		return fmt.Errorf("Config.Redis: %w", err)
	}
	node.SetBroker(broker)
	presence, err := centrifuge.NewRedisPresenceManager(node, centrifuge.RedisPresenceManagerConfig{Prefix: s.cfg.RedisPrefix, Shards: shards})
	if err != nil {
		return fmt.Errorf("Config.Redis: %w", err)
	}
	node.SetPresenceManager(presence)
	return nil
}

// redisShard is an address as the Centrifuge library has it. Its errors do not
// repeat the address, in which a password may be.
func redisShard(address string) (centrifuge.RedisShardConfig, error) {
	option, err := rueidis.ParseURL(address)
	if err != nil {
		return centrifuge.RedisShardConfig{}, fmt.Errorf("it is no Redis URL such as redis://127.0.0.1:6379")
	}
	shard := centrifuge.RedisShardConfig{
		DB: option.SelectDB, User: option.Username, Password: option.Password, TLSConfig: option.TLSConfig,
	}
	switch {
	case option.Sentinel.MasterSet != "":
		shard.SentinelAddresses, shard.SentinelMasterName = option.InitAddress, option.Sentinel.MasterSet
		shard.SentinelUser, shard.SentinelPassword = option.Sentinel.Username, option.Sentinel.Password
	case len(option.InitAddress) > 1:
		shard.ClusterAddresses = option.InitAddress
	default:
		shard.Address = option.InitAddress[0]
	}
	return shard, nil
}

func hosts(shard centrifuge.RedisShardConfig) []string {
	switch {
	case shard.SentinelAddresses != nil:
		return shard.SentinelAddresses
	case shard.ClusterAddresses != nil:
		return shard.ClusterAddresses
	}
	return []string{shard.Address}
}
