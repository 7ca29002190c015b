// Package redisclient connects to a Redis whose address users configure: it reads
// the URL, makes sure that the Redis is fit for use, and says what is wrong in
// words that name the setting and hold no password.
package redisclient

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Address is where a Redis is: one server, the nodes of a Cluster, or Sentinels.
type Address struct {
	// Setting names the URL in errors, such as "Config.Redis[0]".
	Setting string
	// Option is what the URL says, for rueidis.NewClient.
	Option rueidis.ClientOption
}

// Parse reads the URL of the setting of that name: those of redisstore.Config.URLs.
// With TLS it takes config in place of the standard settings, unless that is nil.
// Its errors do not repeat the URL, in which a password may be.
func Parse(setting, address string, config *tls.Config) (Address, error) {
	a := Address{Setting: setting}
	option, err := rueidis.ParseURL(address)
	parsed, err2 := url.Parse(address)
	if err != nil || err2 != nil {
		return a, fmt.Errorf("%s is not the address of a Redis; give one like redis://user:password@127.0.0.1:6379/0, special characters in the password percent-encoded", setting)
	}
	query := parsed.Query()
	for i, one := range query["addr"] {
		at, ok := nodeAddress(one, cmp.Or(parsed.Hostname(), "localhost"))
		if !ok {
			return a, fmt.Errorf("%s has an addr that is not host:port, host or :port; write each as addr=host:port, and the user and the password, which count for all, before the first host: redis://user:password@host:port?addr=host:port", setting)
		}
		option.InitAddress[i+1] = at // rueidis takes one without a port for one without a host
	}
	sentinel := option.Sentinel.MasterSet != ""
	if (query.Has("sentinel_user") || query.Has("sentinel_password")) && !sentinel {
		return a, fmt.Errorf("%s has sentinel_user or sentinel_password, and no master_set; add the name that the Sentinels watch, or remove them", setting)
	}
	if config != nil {
		if option.TLSConfig == nil {
			return a, fmt.Errorf("%s says no TLS, and TLS settings are there; begin it with rediss://, or remove the settings", setting)
		}
		name := option.TLSConfig.ServerName
		option.TLSConfig = config.Clone()
		if option.TLSConfig.ServerName == "" {
			option.TLSConfig.ServerName = name
		}
	}
	if option.TLSConfig != nil && (sentinel || len(option.InitAddress) > 1) && (config == nil || config.ServerName == "") {
		option.TLSConfig.ServerName = "" // each is known by its own address
	}
	if sentinel {
		option.Sentinel.Username, option.Sentinel.Password = query.Get("sentinel_user"), query.Get("sentinel_password")
		option.Sentinel.TLSConfig = option.TLSConfig
		// A failover whose announcement was missed is noticed nevertheless.
		option.Sentinel.TopologyRefreshInterval = 2 * time.Second
	}
	a.Option = option
	return a, nil
}

// nodeAddress is the host:port of an addr: what is left out of it is the URL's own
// host, or Redis's usual port. It is not ok if something else is in it, which would
// become an address that nobody gave.
func nodeAddress(addr, own string) (address string, ok bool) {
	if strings.ContainsAny(addr, "@/, ") {
		return "", false
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port, err = net.SplitHostPort(addr + ":")
	}
	if err != nil || host == "" && port == "" {
		return "", false
	}
	port = cmp.Or(port, "6379")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", false
	}
	return net.JoinHostPort(cmp.Or(host, own), port), true
}

// Hosts are the addresses in the URL, with commas between them.
func (a Address) Hosts() string { return strings.Join(a.Option.InitAddress, ", ") }

// IsUnix reports whether the address is a Unix socket's path.
func (a Address) IsUnix() bool { return strings.HasPrefix(a.Option.InitAddress[0], "/") }
