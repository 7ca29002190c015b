package centrirpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

type projectArgs struct {
	ProjectID string `json:"project_id" validate:"max=5"`
}

type roomArgs struct {
	Number  uint8   `json:"number"`
	Tenant  tenant  `json:"tenant"`
	Balance balance `json:"balance"`
}

type (
	tenant  string
	balance int64
)

// published are a router's events, in order.
func published(r *centrirpc.Router) *[]string {
	events := &[]string{}
	r.AddPublisher(func(_ context.Context, channel string, data json.RawMessage) error {
		*events = append(*events, channel+" "+string(data))
		return nil
	})
	return events
}

func TestChannelPublish(t *testing.T) {
	r := centrirpc.NewRouter()
	figures := centrirpc.Channel[projectArgs, figure](r, "figures:{project_id}")
	lists := centrirpc.Channel[roomArgs, []figure](r, "rooms/{tenant}:{number}.{balance}")
	plain := centrirpc.Channel[struct{}, nested](r, "plain")
	if err := plain.Publish(t.Context(), struct{}{}, nested{}); err == nil || !strings.Contains(err.Error(), "no server serves the router") {
		t.Errorf("publishing before there is a server: %v", err)
	}
	events := published(r)
	for _, err := range []error{
		figures.Publish(t.Context(), projectArgs{"7"}, circle{Radius: 1}),
		lists.Publish(t.Context(), roomArgs{255, "a.b", -3}, []figure{&group{}}),
		lists.Publish(t.Context(), roomArgs{}, nil),
		plain.Publish(t.Context(), struct{}{}, nested{}),
		figures.Publish(t.Context(), projectArgs{"a:b"}, circle{}),
		figures.Publish(t.Context(), projectArgs{"a"}, nil),
		figures.Publish(t.Context(), projectArgs{"a"}, stranger{}),
	} {
		if err != nil {
			*events = append(*events, err.Error())
		}
	}
	want := []string{
		`figures:7 {"kind":"circle","radius":1}`,
		`rooms/a.b:255.-3 [{"kind":"group","members":[]}]`,
		`centrirpc: publish: the channel "rooms/{tenant}:{number}.{balance}": the parameter "tenant" is empty`,
		`plain {"list":[],"map":{},`,
		`the parameter "project_id" is "a:b", which holds ":": allowed is printable ASCII`,
		`centrirpc: publish on "figures:a": `,
		`a centrirpc_test.figure is nil`,
		`centrirpc_test.stranger, which is none of its variants`,
	}
	for _, part := range want {
		if !strings.Contains(strings.Join(*events, "\n"), part) {
			t.Errorf("published %q; want %s", *events, part)
		}
	}
	if len(*events) != 7 {
		t.Errorf("published %q", *events)
	}
	if name, err := lists.Name(roomArgs{1, "x", 2}); name != "rooms/x:1.2" || err != nil {
		t.Errorf("name %q, %v", name, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := plain.Publish(ended, struct{}{}, nested{}); !errors.Is(err, context.Canceled) {
		t.Errorf("publishing with a context that has ended: %v", err)
	}
}

// Every publisher gets the events, until it is removed.
func TestPublishers(t *testing.T) {
	r := centrirpc.NewRouter()
	news := centrirpc.Channel[struct{}, string](r, "news")
	got := ""
	add := func(name string, err error) (remove func()) {
		return r.AddPublisher(func(_ context.Context, channel string, data json.RawMessage) error {
			got += name + string(data)
			return err
		})
	}
	failed := errors.New("failed")
	removeA, removeB := add("a", failed), add("b", nil)
	if err := news.Publish(t.Context(), struct{}{}, "1"); !errors.Is(err, failed) || got != `a"1"b"1"` {
		t.Errorf("published %s, %v", got, err)
	}
	removeA()
	removeA()
	got = ""
	if err := news.Publish(t.Context(), struct{}{}, "2"); err != nil || got != `b"2"` {
		t.Errorf("published %s, %v", got, err)
	}
	removeB()
	if err := news.Publish(t.Context(), struct{}{}, "3"); err == nil {
		t.Error("published without a publisher")
	}
}

func TestMaySubscribe(t *testing.T) {
	r := centrirpc.NewRouter()
	var asked []any
	centrirpc.Channel[projectArgs, string](r, "tasks:{project_id}", centrirpc.AuthorizeSubscribe(func(ctx context.Context, args projectArgs) error {
		asked = append(asked, args)
		if user := centrirpc.ConnFromContext(ctx).UserID; user != args.ProjectID {
			return fmt.Errorf("%s is no member", user)
		}
		return nil
	}))
	centrirpc.Channel[roomArgs, string](r, "rooms/{tenant}:{number}.{balance}", centrirpc.AuthorizeSubscribe(func(_ context.Context, args roomArgs) error {
		asked = append(asked, args)
		return nil
	}))
	centrirpc.Channel[struct{}, string](r, "news")
	ctx := centrirpc.ContextWithConn(t.Context(), &centrirpc.Conn{UserID: "ann"})
	for name, want := range map[string]string{
		"news":                      "",
		"news:1":                    "there is no typed channel",
		"tasks:ann":                 "",
		"tasks:bob":                 "ann is no member",
		"tasks:toolong":             "project_id must be a maximum of 5 characters",
		"tasks:":                    "there is no typed channel",
		"tasks:a:b":                 "there is no typed channel",
		"rooms/a:7.-1":              "",
		`rooms/"\":7.0`:             "",
		"rooms/a:256.0":             "number must be an integer from 0 to 255",
		"rooms/a:07.0":              "not valid JSON",
		"rooms/a:7.-0":              `the channel's name is written as "rooms/a:7.0"`,
		"rooms/a:7.null":            "balance must not be null",
		`rooms/a:"7".0`:             "number must be an integer",
		"rooms/a:7.1e2":             "balance must be an integer",
		"rooms/a:7":                 "there is no typed channel",
		"rooms/a:7.0\n":             "there is no typed channel",
		"rooms/a:1.2.3":             "balance must be an integer",
		"tasks:{project_id}":        "there is no typed channel",
		strings.Repeat("tasks", 99): "there is no typed channel",
	} {
		err := r.MaySubscribe(ctx, name)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
	for _, args := range asked {
		switch args {
		case projectArgs{"ann"}, projectArgs{"bob"}, roomArgs{7, "a", -1}, roomArgs{7, `"\"`, 0}:
		default:
			t.Errorf("asked about %+v", args)
		}
	}
	if len(asked) != 4 {
		t.Errorf("asked about %+v; want four", asked)
	}
	var e *centrirpc.Error
	if err := r.MaySubscribe(ctx, "none"); !errors.As(err, &e) || e.Code != wire.NotFound {
		t.Errorf("a channel that is none: %v", err)
	}
}

func TestChannelsInContract(t *testing.T) {
	declare := func(opts ...centrirpc.RouterOption) *centrirpc.Router {
		r := centrirpc.NewRouter(opts...)
		centrirpc.Channel[projectArgs, figure](r, "tasks:{project_id}", centrirpc.ChannelDescription("What happens."), centrirpc.ChannelDeprecated("use rooms"))
		centrirpc.Channel[struct {
			Tenant tenant `json:"tenant"`
		}, struct {
			Text string `json:"text"`
		}](r, "chat-rooms:{tenant}")
		centrirpc.Channel[struct{}, *string](r, "news")
		return r
	}
	r := declare()
	c := r.Contract()
	const here = "github.com/centrirpc/centrirpc_test.TestChannelsInContract.func1"
	want := []contract.Channel{
		{Name: "chat-rooms:{tenant}", Source: here, Params: &contract.Type{Kind: contract.Ref, Ref: "ChatRoomsChannelParams"}, Event: contract.Type{Kind: contract.Ref, Ref: "ChatRoomsEvent"}},
		{Name: "news", Source: here, Event: contract.Type{Kind: contract.String, Nullable: true}},
		{Name: "tasks:{project_id}", Doc: "What happens.", Deprecated: "use rooms", Source: here, Params: &contract.Type{Kind: contract.Ref, Ref: "ProjectArgs"}, Event: contract.Type{Kind: contract.Ref, Ref: "Figure"}},
	}
	if !reflect.DeepEqual(c.Channels, want) {
		t.Errorf("channels %+v\nwant %+v", c.Channels, want)
	}
	var names []string
	for _, info := range r.Channels() {
		names = append(names, info.Pattern)
	}
	if strings.Join(names, " ") != "chat-rooms:{tenant} news tasks:{project_id}" {
		t.Errorf("channels %q", names)
	}
	info, ok := r.LookupChannel("tasks:x")
	if !ok || info.Params != reflect.TypeFor[projectArgs]() || info.Event != reflect.TypeFor[figure]() || info.Doc != "What happens." || info.Deprecated != "use rooms" {
		t.Errorf("the channel of tasks:x is %+v", info)
	}
	if info, ok := r.LookupChannel("news"); !ok || info.Params != nil {
		t.Errorf("the channel news is %+v", info)
	}
	if _, ok := r.LookupChannel("other"); ok {
		t.Error("there is a channel other")
	}
	// What only source shows comes from the generated file.
	recorded := *c
	recorded.Channels = append([]contract.Channel(nil), c.Channels...)
	recorded.Channels[1].Doc, recorded.Channels[1].Source = "For everybody.", "api/router.go#NewRouter"
	data, err := recorded.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := declare(centrirpc.WithContract(data))
	if got := again.Contract().Channel("news"); got.Doc != "For everybody." || got.Source != "api/router.go#NewRouter" || again.Channels()[1].Doc != got.Doc {
		t.Errorf("channel %+v", got)
	}
}

type textual string

func (textual) MarshalText() ([]byte, error) { return nil, nil }
func (*textual) UnmarshalText([]byte) error  { return nil }

func TestWrongChannels(t *testing.T) {
	type args = struct {
		ID string `json:"id"`
	}
	may := func(context.Context, struct{}) error { return nil }
	for want, declare := range map[string]func(*centrirpc.Router){
		`a } without a {`:                func(r *centrirpc.Router) { centrirpc.Channel[struct{}, int](r, "a}") },
		`holds "#"`:                      func(r *centrirpc.Router) { centrirpc.Channel[args, int](r, "a#{id}") },
		`holds "*"`:                      func(r *centrirpc.Router) { centrirpc.Channel[struct{}, int](r, "a.*") },
		`covers rpc.requests, which is`:  func(r *centrirpc.Router) { centrirpc.Channel[args, int](r, "{id}") },
		`covers rpc.requests`:            func(r *centrirpc.Router) { centrirpc.Channel[struct{}, int](r, "rpc.requests") },
		`no field is the parameter "id"`: func(r *centrirpc.Router) { centrirpc.Channel[struct{}, int](r, "a:{id}") },
		`"a" has no such parameter`:      func(r *centrirpc.Router) { centrirpc.Channel[args, int](r, "a") },
		`is always there`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID *string `json:"id"`
			}, int](r, "a:{id}")
		},
		`always there; make it no pointer, and without omitempty`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID string `json:"id,omitempty"`
			}, int](r, "a:{id}")
		},
		`is a string or an integer`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID bool `json:"id"`
			}, int](r, "a:{id}")
		},
		`a string or an integer; use such`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID int `json:"id,string"`
			}, int](r, "a:{id}")
		},
		`channels.a:{id}.params.id`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID netip.Addr `json:"id"`
			}, int](r, "a:{id}")
		},
		`without a text form of its own`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID textual `json:"id"`
			}, int](r, "a:{id}")
		},
		`its parameters are a *struct`: func(r *centrirpc.Router) { centrirpc.Channel[*args, int](r, "a:{id}") },
		`nothing would be published`:   func(r *centrirpc.Router) { centrirpc.Channel[struct{}, struct{}](r, "a") },
		`channels.a.event (chan int)`:  func(r *centrirpc.Router) { centrirpc.Channel[struct{}, chan int](r, "a") },
		`both this one's and that of "b:{id}", declared at`: func(r *centrirpc.Router) {
			centrirpc.Channel[args, int](r, "b:{id}")
			centrirpc.Channel[struct{}, int](r, "b:all")
		},
		`AuthorizeSubscribe takes the parameters struct {}`: func(r *centrirpc.Router) {
			centrirpc.Channel[args, int](r, "a:{id}", centrirpc.AuthorizeSubscribe(may))
		},
		`AuthorizeSubscribe is given twice`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct{}, int](r, "a", centrirpc.AuthorizeSubscribe(may), centrirpc.AuthorizeSubscribe(may))
		},
		`the function of AuthorizeSubscribe is nil`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct{}, int](r, "a", centrirpc.AuthorizeSubscribe[struct{}](nil))
		},
		`option 1 is nil`:                func(r *centrirpc.Router) { centrirpc.Channel[struct{}, int](r, "a", nil) },
		`ChannelDeprecated needs a text`: func(r *centrirpc.Router) { centrirpc.Channel[struct{}, int](r, "a", centrirpc.ChannelDeprecated("")) },
		`the validate tag "maxx=3" is wrong`: func(r *centrirpc.Router) {
			centrirpc.Channel[struct {
				ID string `json:"id" validate:"maxx=3"`
			}, int](r, "a:{id}")
		},
		`the router is in use already`: func(r *centrirpc.Router) {
			r.Methods()
			centrirpc.Channel[struct{}, int](r, "a")
		},
	} {
		func() {
			defer func() {
				if p, _ := recover().(string); !strings.HasPrefix(p, "centrirpc: channel ") || !strings.Contains(p, want) || !strings.Contains(p, "channel_test.go:") {
					t.Errorf("panicked with %q; want one with %q", p, want)
				}
			}()
			declare(centrirpc.NewRouter())
		}()
	}
}
