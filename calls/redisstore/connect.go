package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// The oldest version that this is made for.
const oldestMajor, oldestMinor = 6, 2

// connect makes a client of a Redis that is fit to keep calls. Its errors say what
// is wrong and what to do, and hold nothing of the URL but addresses.
func connect(ctx context.Context, cfg Config) (_ rueidis.Client, addresses []string, _ error) {
	option, err := rueidis.ParseURL(cfg.URL)
	if err != nil { // which has the URL in it, password and all
		return nil, nil, errors.New("redisstore: Config.URL is not the address of a Redis; give one like redis://user:password@127.0.0.1:6379/0, special characters in the password percent-encoded")
	}
	if cfg.TLS != nil {
		if option.TLSConfig == nil {
			return nil, nil, errors.New("redisstore: Config.TLS is set, and Config.URL says no TLS; begin it with rediss://")
		}
		name := option.TLSConfig.ServerName
		option.TLSConfig = cfg.TLS.Clone()
		if option.TLSConfig.ServerName == "" {
			option.TLSConfig.ServerName = name
		}
	}
	// A connection that is silent for a quarter of the timeout is pinged, and given
	// up half a timeout later: nothing waits in it for longer than the timeout.
	option.Dialer.Timeout = cfg.Timeout / 2
	option.Dialer.KeepAlive = cfg.Timeout / 4
	option.ConnWriteTimeout = cfg.Timeout / 2
	option.Sentinel.Dialer = option.Dialer
	option.DisableCache = true // nothing is cached here
	option.DisableRetry = true // who asks knows for how long
	client, err := rueidis.NewClient(option)
	if err == nil {
		if err = fit(ctx, client, cfg.Logger); err == nil {
			return client, option.InitAddress, nil
		}
		client.Close()
	}
	return nil, nil, fmt.Errorf("redisstore: %w", explained(err, option.InitAddress))
}

// explained says what an error of the first contact means.
func explained(err error, addresses []string) error {
	at := strings.Join(addresses, ", ")
	if text, ok := refusal(err); ok {
		switch code, _, _ := strings.Cut(text, " "); {
		case code == "WRONGPASS" || strings.Contains(text, "invalid password") || strings.Contains(text, "without any password configured"):
			return fmt.Errorf("the Redis at %s refuses the user or the password; correct them in Config.URL (redis://user:password@host:port): %w", at, err)
		case code == "NOAUTH":
			return fmt.Errorf("the Redis at %s asks for a password; put it in Config.URL (redis://user:password@host:port): %w", at, err)
		case code == "NOPERM":
			return fmt.Errorf("the Redis at %s does not permit its user what the store needs; allow it in the ACL: %w", at, err)
		case code == "LOADING":
			return fmt.Errorf("the Redis at %s is still loading its data; try again: %w", at, err)
		}
		return fmt.Errorf("the Redis at %s refuses: %w", at, err)
	}
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("no Redis can be reached at %s; start it there or correct Config.URL: %w", at, err)
	case isUnfit(err):
		return fmt.Errorf("the Redis at %s %w", at, err)
	}
	return fmt.Errorf("what is at %s does not answer as a Redis does; correct Config.URL (and begin it with rediss:// if it speaks TLS): %w", at, err)
}

// unfit is what a Redis lacks.
type unfit struct{ what string }

func (u unfit) Error() string { return u.what }

func isUnfit(err error) bool {
	var u unfit
	return errors.As(err, &u)
}

// fit asks every node whether it can keep calls.
func fit(ctx context.Context, client rueidis.Client, log *slog.Logger) error {
	for _, node := range client.Nodes() {
		info, err := infoOf(ctx, node)
		if err != nil {
			return err
		}
		major, minor := version(info["redis_version"])
		if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
			return unfit{fmt.Sprintf("is version %s; %d.%d or newer is needed", info["redis_version"], oldestMajor, oldestMinor)}
		}
		switch policy := info["maxmemory_policy"]; policy {
		case "noeviction":
		case "":
			log.Warn("redisstore: Redis does not say its maxmemory-policy; make sure that it is noeviction, or calls may be forgotten and run twice")
		default:
			return unfit{fmt.Sprintf("has the maxmemory-policy %s, which forgets calls when memory runs out, so that they may run twice; set it: CONFIG SET maxmemory-policy noeviction", policy)}
		}
	}
	return nil
}

// infoOf reads what a node says of itself.
func infoOf(ctx context.Context, node rueidis.Client, section ...string) (map[string]string, error) {
	cmd := node.B().Info().Build()
	if len(section) > 0 {
		cmd = node.B().Info().Section(section...).Build()
	}
	text, err := node.Do(ctx, cmd).ToString()
	if err != nil {
		return nil, err
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info, nil
}

func version(text string) (major, minor int) {
	parts := strings.SplitN(text, ".", 3)
	major, _ = strconv.Atoi(parts[0])
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1])
	}
	return major, minor
}
