package client

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// ChannelName is the name of the channel that a pattern such as "tasks:{project}"
// stands for, with the values of its parameters in order: strings, integers, or
// what is written as text. It is an error if a value is empty or holds anything
// but printable ASCII, or a space or one of : , # * $ / { }, which mean something
// in a channel's name; if the server would read other values out of the name, as
// "a.b" and "c" for "{x}.{y}"; or if the name is longer than 255 bytes.
func ChannelName(pattern string, values ...any) (string, error) {
	var (
		b     strings.Builder
		reads = "^"
		names []string
		texts []string
	)
	rest := pattern
	for {
		literal, after, found := strings.Cut(rest, "{")
		b.WriteString(literal)
		reads += regexp.QuoteMeta(literal)
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		if len(values) == 0 {
			return "", fmt.Errorf("the channel %q: no value for %q", pattern, name)
		}
		value, err := channelText(values[0])
		if err == nil {
			err = checkChannelText(value)
		}
		if err != nil {
			return "", fmt.Errorf("the channel %q: its parameter %q: %w", pattern, name, err)
		}
		b.WriteString(value)
		reads += channelValue
		names, texts = append(names, name), append(texts, value)
		rest, values = tail, values[1:]
	}
	if len(values) > 0 {
		return "", fmt.Errorf("the channel %q has no parameter for %v", pattern, values[0])
	}
	if b.Len() > maxChannelName {
		return "", fmt.Errorf("the channel %q: with these parameters its name is %d bytes long; at most %d are allowed", pattern, b.Len(), maxChannelName)
	}
	if len(texts) > 1 {
		read := regexp.MustCompile(reads + "$").FindStringSubmatch(b.String())
		for i, text := range texts {
			if len(read) != len(texts)+1 || read[i+1] != text {
				return "", fmt.Errorf("the channel %q: its parameter %q: %q holds what stands behind it: nothing would tell where it ends", pattern, names[i], text)
			}
		}
	}
	return b.String(), nil
}

const maxChannelName = 255 // bytes

// channelValue matches the value of a parameter, the shortest that fits, as the
// server reads it.
const channelValue = `([!"%-)+\-.0-9;-z|~]+?)`

func channelText(v any) (string, error) {
	if m, ok := v.(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		return string(text), err
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.String:
		return r.String(), nil
	case r.CanInt():
		return strconv.FormatInt(r.Int(), 10), nil
	case r.CanUint():
		return strconv.FormatUint(r.Uint(), 10), nil
	}
	return "", fmt.Errorf("a %T cannot be part of a channel's name", v)
}

func checkChannelText(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(":,#*$/{}", r) {
			return fmt.Errorf("%q cannot be part of a channel's name: it holds %q", s, r)
		}
	}
	return nil
}

// SubscribeTo is Subscribe with events of type E. An event that cannot be read as
// one is reported to the function given to WithErrorHandler, as ErrInvalidEvent,
// and the next one is handled.
func SubscribeTo[E any](ctx context.Context, c *CentrifugoRPCClient, channel string, handler func(E)) (*Subscription, error) {
	if handler == nil {
		return nil, fmt.Errorf("subscribing to %q: it needs a handler", channel)
	}
	return c.Subscribe(ctx, channel, func(e Event) {
		var event E
		if err := e.Decode(&event); err != nil {
			c.report(fmt.Errorf("%w: %w", ErrInvalidEvent, err))
			return
		}
		handler(event)
	})
}
