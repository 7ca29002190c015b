package serving

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// Channel is a channel that an application declared, as the configurations of the
// ways of serving document it.
type Channel struct {
	Name      string
	Subscribe func(ctx context.Context, conn *centrirpc.Conn, channel string) error
	Publish   func(ctx context.Context, conn *centrirpc.Conn, channel string, data json.RawMessage) error
	Presence  bool
}

// Channels finds the rules of a channel.
type Channels struct {
	exact    map[string]*Channel // by Name
	patterns []*Channel          // those that end in "*", longest first
	router   *centrirpc.Router   // has the typed channels
}

const maxChannelName = contract.MaxChannelName

// NewChannels checks what an application declared beside the typed channels of its
// router. An error names the channel and the way to mend it.
func NewChannels(declared []Channel, router *centrirpc.Router) (*Channels, error) {
	all := &Channels{exact: map[string]*Channel{}, router: router}
	typed := router.Channels()
	for i := range declared {
		c := &declared[i]
		if err := checkChannelName(c.Name); err != nil {
			return nil, fmt.Errorf("Channels[%d]: %w", i, err)
		}
		if all.exact[c.Name] != nil {
			return nil, fmt.Errorf("Channels[%d]: %q is there twice; keep one of them", i, c.Name)
		}
		if other := typedLike(c.Name, typed); other != "" {
			return nil, fmt.Errorf("Channels[%d]: %q can be a name of %q, which is a typed channel of the router; remove the one or rename the other", i, c.Name, other)
		}
		all.exact[c.Name] = c
		if strings.HasSuffix(c.Name, "*") {
			all.patterns = append(all.patterns, c)
		}
	}
	slices.SortFunc(all.patterns, func(a, b *Channel) int { return len(b.Name) - len(a.Name) })
	return all, nil
}

// typedLike is the typed channel that has a name in common with Channel.Name.
func typedLike(name string, typed []centrirpc.ChannelInfo) string {
	prefix, many := strings.CutSuffix(name, "*")
	for _, info := range typed {
		pattern, err := contract.ParseChannelPattern(info.Pattern)
		if err != nil {
			continue // the router has parsed it
		}
		_, same := pattern.Match(name)
		if same || many && pattern.OverlapsPrefix(prefix) {
			return info.Pattern
		}
	}
	return ""
}

func checkChannelName(name string) error {
	prefix, _ := strings.CutSuffix(name, "*")
	switch {
	case prefix == "":
		return fmt.Errorf("the name %q is too wide; give a channel's name, or the beginning of many followed by *", name)
	case len(name) > maxChannelName:
		return fmt.Errorf("the name %.32q… is %d bytes long; at most %d are allowed", name, len(name), maxChannelName)
	case name == wire.RequestsChannel || name != prefix && strings.HasPrefix(wire.RequestsChannel, prefix): //nolint:gocritic // it is the protocol's name that may begin so
		return fmt.Errorf("the name %q covers %s, which is the protocol's own", name, wire.RequestsChannel)
	}
	for i := 0; i < len(prefix); i++ {
		if c := prefix[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("#$,*", c) >= 0 {
			return fmt.Errorf("the name %q holds %q; it must be printable ASCII without # $ , and with * at its end only", name, rune(c))
		}
	}
	return nil
}

// Find is the channel's declaration, or nil.
func (all *Channels) Find(name string) *Channel {
	if name == wire.RequestsChannel || strings.ContainsAny(name, "#$,*") {
		return nil
	}
	if c := all.exact[name]; c != nil {
		return c
	}
	for _, c := range all.patterns {
		if prefix := c.Name[:len(c.Name)-1]; len(name) > len(prefix) && strings.HasPrefix(name, prefix) {
			return c
		}
	}
	return nil
}

// Typed reports whether the name is one of the router's typed channels.
func (all *Channels) Typed(name string) bool {
	_, ok := all.router.LookupChannel(name)
	return ok
}

// Pattern is the pattern of the router's typed channel of that name; empty if it is none.
func (all *Channels) Pattern(name string) string {
	info, _ := all.router.LookupChannel(name)
	return info.Pattern
}

// ShowsPresence reports whether the channel's subscribers may see one another.
func (all *Channels) ShowsPresence(name string) bool {
	if c := all.Find(name); c != nil {
		return c.Presence
	}
	info, ok := all.router.LookupChannel(name)
	return ok && info.Presence
}

// MaySubscribe asks whether a client may subscribe to the channel, which is none of
// its reply channels. ctx says who asks (centrirpc.ConnFromContext). The error says
// why not; it is for the log.
func (all *Channels) MaySubscribe(ctx context.Context, name string) error {
	declared := all.Find(name)
	switch {
	case declared == nil && all.Typed(name):
		return all.router.MaySubscribe(ctx, name)
	case declared == nil:
		return ErrUndeclared
	case declared.Subscribe == nil:
		return nil
	}
	return declared.Subscribe(ctx, centrirpc.ConnFromContext(ctx), name)
}

// MayPublish asks whether a client may publish data, which is JSON, on the channel,
// which is not that of the requests; otherwise as MaySubscribe.
func (all *Channels) MayPublish(ctx context.Context, name string, data json.RawMessage) error {
	declared := all.Find(name)
	if declared == nil || declared.Publish == nil {
		return ErrUndeclared
	}
	return declared.Publish(ctx, centrirpc.ConnFromContext(ctx), name, data)
}

// CheckPublish says whether the server may publish on the channel without a typed
// one's Publish: it must be one that was declared.
func (all *Channels) CheckPublish(name string) error {
	if all.Find(name) != nil {
		return nil
	}
	if info, ok := all.router.LookupChannel(name); ok {
		return fmt.Errorf("it is the typed channel %q; call Publish of what centrirpc.Channel returned for it", info.Pattern)
	}
	return errors.New("nobody can subscribe to this channel; add it to Config.Channels")
}

// ErrUndeclared refuses clients on channels that are not for them.
var ErrUndeclared = errors.New("the channel does not allow it to clients, or is neither in Config.Channels nor a typed channel of the router")
