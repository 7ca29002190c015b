package redisclient_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/internal/redisclient"
)

// What an addr leaves out is the URL's own host, or the usual port; never is an
// address made up.
func TestParseReadsAddr(t *testing.T) {
	for url, want := range map[string][]string{
		"redis://h:7000?addr=i:7001":                  {"h:7000", "i:7001"},
		"redis://h:7000?addr=:7001":                   {"h:7000", "h:7001"},
		"redis://h:7000?addr=i":                       {"h:7000", "i:6379"},
		"redis://h:7000?addr=i:":                      {"h:7000", "i:6379"},
		"redis://h:7000?addr=10.0.0.2&addr=:7002":     {"h:7000", "10.0.0.2:6379", "h:7002"},
		"redis://u:p@[::1]:7000?addr=:7001":           {"[::1]:7000", "[::1]:7001"},
		"redis://h?addr=[::1]&addr=[::2]:7002":        {"h:6379", "[::1]:6379", "[::2]:7002"},
		"redis://:7000?addr=:7001":                    {"localhost:7000", "localhost:7001"},
		"rediss://h:7000?addr=i&master_set=m&addr=:1": {"h:7000", "i:6379", "h:1"},
	} {
		a, err := redisclient.Parse("Redis", url, nil)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := a.Option.InitAddress; !slices.Equal(got, want) {
			t.Errorf("%s is %v; want %v", url, got, want)
		}
	}
	for _, addr := range []string{"", ":", "u:geheim@i:7001", "geheim@i", "u:geheim", "i:70000", "redis://i:7001", "i/geheim", "::1", "[::1", "i:7001,j:7001", "i,j"} {
		a, err := redisclient.Parse("Redis", "redis://h:7000?addr="+addr, nil)
		if err == nil {
			t.Errorf("addr=%s is %v", addr, a.Option.InitAddress)
			continue
		}
		if said := err.Error(); !strings.Contains(said, "Redis has an addr that is not host:port") || strings.Contains(said, "geheim") {
			t.Errorf("addr=%s: the error is %v", addr, err)
		}
	}
}
