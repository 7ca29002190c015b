package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
	"github.com/centrirpc/centrirpc/wire"
)

type projectEvent interface{ projectEvent() }

type (
	projectOpened struct {
		By string `json:"by"`
	}
	projectClosed struct{}
	projectArgs   struct {
		ProjectID int64 `json:"project_id"`
	}
)

func (projectOpened) projectEvent() {}
func (projectClosed) projectEvent() {}

func init() {
	centrirpc.RegisterUnion[projectEvent]("event", centrirpc.Variant[projectOpened]("opened"), centrirpc.Variant[projectClosed]("closed"))
}

// typed is a router with typed channels and a method that publishes.
func typed() (*centrirpc.Router, *centrirpc.TypedChannel[projectArgs, projectEvent], *centrirpc.TypedChannel[struct{}, string]) {
	r := centrirpc.NewRouter(centrirpc.Logger(slog.New(slog.DiscardHandler)))
	projects := centrirpc.Channel[projectArgs, projectEvent](r, "projects:{project_id}",
		centrirpc.AuthorizeSubscribe(func(ctx context.Context, args projectArgs) error {
			user := centrirpc.ConnFromContext(ctx).UserID
			switch args.ProjectID {
			case 7:
				if user != "ann" {
					return fmt.Errorf("the secret reason: %s is not in %d", user, args.ProjectID)
				}
			case 8:
				return centrirpc.Errorf(wire.Unavailable, "the database is away")
			case 9:
				panic("boom")
			}
			return nil
		}))
	news := centrirpc.Channel[struct{}, string](r, "news")
	centrirpc.Handle(r, "projects.open", func(ctx context.Context, args projectArgs) (struct{}, error) {
		return struct{}{}, projects.Publish(ctx, args, projectOpened{centrirpc.ConnFromContext(ctx).UserID})
	})
	return r, projects, news
}

func TestTypedChannels(t *testing.T) {
	router, projects, news := typed()
	if err := news.Publish(t.Context(), struct{}{}, "too early"); err == nil || !strings.Contains(err.Error(), "make one with server.New") {
		t.Errorf("publishing without a server: %v", err)
	}
	s := start(t, router, server.Config{Channels: []server.Channel{{Name: "room.*"}}, MaxResultSize: 1024})
	ann, bob := connected(t, s.url, signed(t, "ann")), connected(t, s.url, signed(t, "bob"))
	id := uint32(1)
	try := func(c *rawClient, frame string, want uint32) {
		t.Helper()
		id++
		c.send(`{"id":%d,%s}`, id, frame)
		m := c.reply(id)
		var code uint32
		if m.Error != nil {
			code = m.Error.Code
		}
		if code != want || strings.Contains(m.raw, "secret") || strings.Contains(m.raw, "database") {
			t.Errorf("%s: %s; want %d", frame, m.raw, want)
		}
	}
	try(ann, `"subscribe":{"channel":"projects:7"}`, 0)
	try(bob, `"subscribe":{"channel":"projects:7"}`, 103)
	try(bob, `"subscribe":{"channel":"projects:10"}`, 0)
	try(bob, `"subscribe":{"channel":"news"}`, 0)
	try(bob, `"subscribe":{"channel":"room.1"}`, 0)
	try(ann, `"subscribe":{"channel":"projects:8"}`, 100)
	try(ann, `"subscribe":{"channel":"projects:9"}`, 100)
	for _, channel := range []string{"projects:", "projects", "projects:07", "projects:x", "projects:1:2", "projects:9223372036854775808", "projects:7#ann", "project:7", "news:1"} {
		try(ann, `"subscribe":{"channel":"`+channel+`"}`, 103)
		try(ann, `"publish":{"channel":"`+channel+`","data":{}}`, 103)
	}
	try(ann, `"publish":{"channel":"projects:7","data":{"event":"closed"}}`, 103)
	try(bob, `"publish":{"channel":"news","data":"x"}`, 103)

	// From a handler: to those of this project alone, with the union's tag.
	bob.send("%s", request(900, "projects.open", `{"project_id":7}`, "c", "user#bob"))
	bob.answer("c")
	if got := ann.event("projects:7"); got != `{"event":"opened","by":"bob"}` {
		t.Errorf("event %s", got)
	}
	for _, err := range []error{
		projects.Publish(t.Context(), projectArgs{10}, &projectClosed{}),
		news.Publish(t.Context(), struct{}{}, "hello"),
		s.Publish(t.Context(), "room.1", 1),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	for channel, want := range map[string]string{"projects:10": `{"event":"closed"}`, "news": `"hello"`, "room.1": "1"} {
		if got := bob.event(channel); got != want {
			t.Errorf("event of %s: %s; want %s", channel, got, want)
		}
	}
	for want, err := range map[string]error{
		`it is the typed channel "projects:{project_id}"`: s.Publish(t.Context(), "projects:7", projectClosed{}),
		"over Config.MaxResultSize, 1024":                 news.Publish(t.Context(), struct{}{}, strings.Repeat("x", 1023)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
	log := s.log.String()
	for _, want := range []string{"the secret reason: bob is not in 7", "panic in the rule of a channel", "is neither in Config.Channels nor a typed channel"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has not %q", want)
		}
	}
}

// A router's events go out at each of its servers, as long as that serves.
func TestTypedChannelsOfSeveralServers(t *testing.T) {
	router, _, news := typed()
	first, second := start(t, router, server.Config{}), start(t, router, server.Config{})
	a, b := connected(t, first.url, signed(t, "ann")), connected(t, second.url, signed(t, "ann"))
	for _, c := range []*rawClient{a, b} {
		c.send(`{"id":2,"subscribe":{"channel":"news"}}`)
		if code := c.code(2); code != 0 {
			t.Fatal(code)
		}
	}
	if err := news.Publish(t.Context(), struct{}{}, "1"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*rawClient{a, b} {
		if got := c.event("news"); got != `"1"` {
			t.Errorf("event %s", got)
		}
	}
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := news.Publish(t.Context(), struct{}{}, "2"); err != nil {
		t.Error(err)
	}
	if got := b.event("news"); got != `"2"` {
		t.Errorf("event %s", got)
	}
	if err := second.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := news.Publish(t.Context(), struct{}{}, "3"); err == nil {
		t.Error("published without a server")
	}
}

func TestTypedChannelsOfAToken(t *testing.T) {
	router, _, _ := typed()
	s := start(t, router, server.Config{})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, signedClaims(t, token.Claims{UserID: "bob", Channels: []string{"projects:7", "projects"}, ExpiresAt: time.Now().Add(time.Hour)}))
	m := c.reply(1)
	if m.Connect == nil || len(m.Connect.Subs) != 2 || m.Connect.Subs["projects:7"] == nil {
		t.Errorf("answer %s; want subscriptions to projects:7 and user#bob", m.raw)
	}
}

func TestChannelsThatAreTypedToo(t *testing.T) {
	for name, want := range map[string]string{
		"news": `Channels[0]: "news" can be a name of "news"`, "new*": `of "news"`, "n*": `of "news"`,
		"projects:7": `of "projects:{project_id}"`, "projects:*": `of "projects:{project_id}"`, "projects:1*": "of",
		"news*": "", "news.1": "", "projects:7:*": "", "project": "", "projects": "",
	} {
		router, _, _ := typed()
		s, err := server.New(router, server.Config{Anonymous: true, Channels: []server.Channel{{Name: name}}})
		if (err == nil) != (want == "") || err != nil && !(strings.Contains(err.Error(), want) && strings.Contains(err.Error(), "is a typed channel of the router; remove the one or rename the other")) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
		if err == nil {
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}
