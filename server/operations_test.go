package server_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
)

// The table of metrics in OPERATIONS.md is what a server serves.
func TestTheTableOfMetrics(t *testing.T) {
	text, err := os.ReadFile("../OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	page, behind, _ := strings.Cut(string(text), "### Behind Centrifugo\n") // those are a backend's
	_, rest, _ := strings.Cut(behind, "\n#")
	page += rest
	row := regexp.MustCompile("(?m)^\\| `(centrirpc_\\w+)` \\| (\\w+) \\|(.*?)\\| (.+) \\|$")
	documented := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(page, -1) {
		labels := strings.TrimSpace(strings.ReplaceAll(m[3], "`", ""))
		documented[m[1]] = strings.TrimSpace(m[2] + " " + labels)
	}

	router := testRouter(nil)
	centrirpc.HandleStream(router, "test.items", func(context.Context, struct{}, func(int) error) (int, error) { return 0, nil })
	s := start(t, router, server.Config{Channels: []server.Channel{{Name: "news"}}})
	connected(t, s.url, signed(t, "456"))
	until(t, "the connection", func() bool { return s.connections(t) == 1 })
	_, body := get(t, s.url+"/metrics")
	served := map[string]string{}
	kind := regexp.MustCompile(`(?m)^# TYPE (centrirpc_\w+) (\w+)$`)
	label := regexp.MustCompile(`(\w+)="`)
	for _, m := range kind.FindAllStringSubmatch(body, -1) {
		sample := regexp.MustCompile(`(?m)^` + m[1] + `(?:_count)?(?:\{(.*)\})? `).FindStringSubmatch(body)
		if sample == nil {
			t.Fatalf("%s has no sample", m[1])
		}
		var labels []string
		for _, l := range label.FindAllStringSubmatch(sample[1], -1) {
			labels = append(labels, l[1])
		}
		slices.Sort(labels)
		served[m[1]] = strings.TrimSpace(m[2] + " " + strings.Join(labels, ", "))
	}
	for name, want := range served {
		if got := documented[name]; got != want {
			t.Errorf("%s is documented as %q; it is %q", name, got, want)
		}
	}
	for name := range documented {
		if served[name] == "" {
			t.Errorf("%s is documented, and not served", name)
		}
	}
	if len(served) < 15 {
		t.Errorf("only %d metrics", len(served))
	}
}
