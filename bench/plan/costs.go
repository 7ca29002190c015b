package main

import (
	"flag"
	"time"
)

// costs are what a connection and a call cost. The defaults were measured.
type costs struct {
	callNodeCPU, callRedisCPU         time.Duration
	volatileNodeCPU, volatileRedisCPU time.Duration
	connectCPU, pingCPU               time.Duration

	process, connection size // memory of a node
	redisConnection     size // of Redis, as the next two
	redisUser           size
	redisCall           size

	callBytes, volatileBytes           size // between a client and a node
	callRedisBytes, volatileRedisBytes size // between a node and Redis

	origins []origin
}

// origin is a cost as it is listed: its flag, its value, and where the default
// comes from.
type origin struct {
	name, what, from string
	standard         string
	value            func() string
}

const (
	fromCalls   = "bench/README.md, Several nodes, 24 × 4, 3 nodes"
	fromIdle    = "go run . -only idle"
	fromNodes   = "go run . -only nodes"
	fromHeaders = "redisstore.Config.MaxCallsPerUser; a user with few calls has less"
)

func (c *costs) flags(flags *flag.FlagSet, numbers *bounds) {
	cpu := func(value *time.Duration, name string, standard time.Duration, what, from string) {
		numbers.duration(flags, value, name, standard, 0, time.Second, what)
		c.origins = append(c.origins, origin{name, what, from, standard.String(), func() string { return value.String() }})
	}
	memory := func(value *size, name string, standard size, what, from string) {
		numbers.size(flags, value, name, standard, what)
		c.origins = append(c.origins, origin{name, what, from, standard.String(), func() string { return value.String() }})
	}
	cpu(&c.callNodeCPU, "call-node-cpu", 64_200*time.Nanosecond, "CPU of a node for a remembered call", fromCalls)
	cpu(&c.callRedisCPU, "call-redis-cpu", 29_000*time.Nanosecond, "CPU of Redis for it", fromCalls)
	cpu(&c.volatileNodeCPU, "volatile-node-cpu", 29_100*time.Nanosecond, "CPU of a node for a volatile call", fromCalls)
	cpu(&c.volatileRedisCPU, "volatile-redis-cpu", 2800*time.Nanosecond, "CPU of Redis for it", fromCalls)
	cpu(&c.connectCPU, "connect-cpu", 178*time.Microsecond, "CPU of a node for a client to connect", fromIdle)
	cpu(&c.pingCPU, "ping-cpu", 101*time.Microsecond, "CPU of a node for a ping and its answer", fromIdle)
	memory(&c.process, "process-memory", 36*mib, "memory of a node without connections", fromIdle)
	memory(&c.connection, "connection-memory", size(21.9*float64(kib)), "memory of a node for a connection", "bench/README.md, before garbage is collected")
	memory(&c.redisConnection, "redis-connection-memory", 450, "memory of Redis for a connection", fromIdle)
	memory(&c.redisUser, "redis-user-memory", 1177, "memory of Redis for a user who makes calls", fromIdle)
	memory(&c.redisCall, "redis-call-memory", 250, "memory of Redis for a call while it is remembered", fromHeaders)
	memory(&c.callBytes, "call-bytes", 498, "bytes between client and node for a small remembered call", fromNodes)
	memory(&c.volatileBytes, "volatile-bytes", 446, "bytes between client and node for a volatile call", fromNodes)
	memory(&c.callRedisBytes, "call-redis-bytes", 1525, "bytes between node and Redis for a remembered call", fromNodes)
	memory(&c.volatileRedisBytes, "volatile-redis-bytes", 419, "bytes between node and Redis for a volatile call", fromNodes)
}
