package redisstore

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"
)

// Config sets up a Store.
type Config struct {
	// URLs say where Redis is. At least one is required:
	//
	//	redis://[user:password@]host[:port][/database]
	//	rediss://…                        with TLS
	//	unix://[user:password@]/path[?db=n]
	//	redis://host:port?addr=host:port&addr=…   nodes of a Redis Cluster; addr=:port
	//	                                          has the first one's host
	//	redis://host:port?addr=…&master_set=name  Sentinels, and the name they watch
	//
	// A Redis Cluster is recognised by itself. Sentinels that ask for a user and a
	// password of their own get sentinel_user and sentinel_password, beside
	// master_set. What has special characters is written percent-encoded. Neither
	// errors nor logs repeat a URL.
	//
	// With several, each user's calls lie in one of them, by a hash of the user id:
	// all processes must have the same list, in the same order. When the list
	// changes, some users' calls lie elsewhere from then on (with one more at its
	// end, as few as can be); those of them that are out at that time end with
	// outcome_unknown, unless they are idempotent, and none runs twice.
	URLs []string
	// TLS replaces the settings of rediss:// in all URLs, to name an authority or a
	// client's certificate. Where its ServerName is empty, certificates are for the
	// host in the URL; of Clusters and Sentinels, for the address of each. Nil means
	// the system's authorities and TLS 1.2 or newer.
	TLS *tls.Config
	// Prefix begins the names of all keys and channels: deployments that share a
	// Redis take different ones. Braces are not allowed. Empty means "centrirpc".
	Prefix string
	// Lease is how long a process that has fallen silent is taken to be alive, and
	// its calls to be running. It is renewed three times as often. At least 300 ms;
	// zero means 6 s.
	Lease time.Duration
	// Timeout bounds every wait for Redis; then the store is out of reach. It must
	// be shorter than Lease. At least 20 ms; zero means 2 s, or a third of Lease if
	// that is less.
	Timeout time.Duration
	// MaxReplyBytesPerUser bounds the stored replies of one user, in bytes. At the
	// bound that user's own oldest ones are dropped, but none that is younger than
	// 5 s; when there are none to drop, the user's new calls are refused. Zero means
	// 32 MiB. What all take together is bounded by Redis's own maxmemory.
	MaxReplyBytesPerUser int64
	// MaxCallsPerUser bounds the calls of one user, running, ended and dropped ones
	// together; new ones over it are refused. A call counts from its claim until 10 s
	// after its deadline, whenever it ends: with the usual timeout of 30 s a user who
	// makes n calls a second has 40 n. Zero means 200,000; one without a reply takes
	// about 250 bytes.
	MaxCallsPerUser int
	// Logger is told when a Redis gets out of reach, comes back, or came back empty.
	// Nil means slog.Default.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if len(c.URLs) == 0 {
		return c, errors.New("redisstore: Config.URLs is empty; give one like redis://127.0.0.1:6379")
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"Lease", int64(c.Lease)},
		{"Timeout", int64(c.Timeout)},
		{"MaxReplyBytesPerUser", c.MaxReplyBytesPerUser},
		{"MaxCallsPerUser", int64(c.MaxCallsPerUser)},
	} {
		if n.value < 0 {
			return c, fmt.Errorf("redisstore: Config.%s is negative", n.name)
		}
	}
	c.Prefix = cmp.Or(c.Prefix, "centrirpc")
	if strings.ContainsAny(c.Prefix, "{}") {
		return c, fmt.Errorf("redisstore: Config.Prefix %q has a brace, which would change how a Redis Cluster places keys; take another one", c.Prefix)
	}
	c.Lease = cmp.Or(c.Lease, 6*time.Second)
	if c.Lease < 300*time.Millisecond {
		return c, fmt.Errorf("redisstore: Config.Lease is %v; give at least 300ms", c.Lease)
	}
	c.Timeout = cmp.Or(c.Timeout, min(2*time.Second, c.Lease/3))
	if c.Timeout < 20*time.Millisecond || c.Timeout >= c.Lease {
		return c, fmt.Errorf("redisstore: Config.Timeout is %v; give at least 20ms and less than the lease of %v", c.Timeout, c.Lease)
	}
	c.MaxReplyBytesPerUser = cmp.Or(c.MaxReplyBytesPerUser, 32<<20)
	c.MaxCallsPerUser = min(cmp.Or(c.MaxCallsPerUser, 200_000), math.MaxInt32)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}
