package redisclient

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// The oldest version that calls are kept in.
const oldestMajor, oldestMinor = 6, 2

// unfit is what a Redis lacks.
type unfit struct{ what string }

func (u unfit) Error() string { return u.what }

// fit asks all nodes at the same time whether they can keep what must not be lost. One
// that does not answer is done without if it has no part of a cluster's slots, as a
// replica.
func (a Address) fit(ctx context.Context, client rueidis.Client, log *slog.Logger) error {
	nodes := client.Nodes()
	judged := make(chan error, len(nodes))
	for at, node := range nodes {
		go func() { judged <- a.fitNode(ctx, client, at, node, log) }()
	}
	var failed error
	for range nodes {
		if err := <-judged; err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

func (a Address) fitNode(ctx context.Context, client rueidis.Client, at string, node rueidis.Client, log *slog.Logger) error {
	info, err := Info(ctx, node)
	if err != nil {
		if _, answered := Refusal(err); answered || ctx.Err() != nil || !Spare(ctx, client, at) {
			return err
		}
		log.Warn("a replica of the Redis Cluster is out of reach; all goes on without it, and nothing takes the place of its master if that goes, too", "setting", a.Setting, "redis", at, "error", err)
		return nil
	}
	major, minor := version(info["redis_version"])
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return unfit{fmt.Sprintf("is version %s; %d.%d or newer is needed", info["redis_version"], oldestMajor, oldestMinor)}
	}
	switch policy := info["maxmemory_policy"]; policy {
	case "noeviction":
	case "":
		log.Warn("Redis does not say its maxmemory-policy; make sure that it is noeviction, or calls may be forgotten and run twice", "setting", a.Setting)
	default:
		return unfit{fmt.Sprintf("has the maxmemory-policy %s, which forgets calls when memory runs out, so that they may run twice; set it: CONFIG SET maxmemory-policy noeviction", policy)}
	}
	return nil
}

// Info reads what a node says of itself: its INFO, or those sections of it.
func Info(ctx context.Context, node rueidis.Client, section ...string) (map[string]string, error) {
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
