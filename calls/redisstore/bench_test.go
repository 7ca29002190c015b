package redisstore_test

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/calls/redisstore"
	"github.com/centrirpc/centrirpc/calls/storetest"
)

var commandstat = regexp.MustCompile(`(?m)^cmdstat_([^:]+):calls=(\d+),usec=(\d+)`)

// BenchmarkCall is what one call costs: claim, complete and received. Besides what
// Go counts it tells, for each call, the scripts that Redis ran, the commands in
// them, and Redis's own time, by its commandstats.
func BenchmarkCall(b *testing.B) {
	r := startRedis(b)
	storetest.Bench(b, func(b *testing.B) calls.Store {
		s := r.open(b, redisstore.Config{Prefix: newPrefix(), MaxCallsPerUser: 10_000_000})
		r.do("CONFIG", "RESETSTAT")
		return s
	}, func(b *testing.B, n int) {
		text, err := r.do("INFO", "commandstats").ToString()
		if err != nil {
			b.Fatal(err)
		}
		var scripts, inner, usec float64
		for _, stat := range commandstat.FindAllStringSubmatch(text, -1) {
			count, _ := strconv.ParseFloat(stat[2], 64)
			switch stat[1] {
			case "eval", "evalsha":
				took, _ := strconv.ParseFloat(stat[3], 64)
				scripts, usec = scripts+count, usec+took
			case "time", "hget", "hmget", "hset", "hdel", "hlen", "hstrlen", "zadd", "zrem", "zcard", "zcount", "zrange", "zrangebyscore", "pexpireat":
				inner += count
			}
		}
		b.ReportMetric(scripts/float64(n), "scripts/op")
		b.ReportMetric(inner/float64(n), "commands/op")
		b.ReportMetric(usec/float64(n), "redis-us/op")
	})
}
