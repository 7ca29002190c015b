package wire_test

import (
	"testing"

	"github.com/centrirpc/centrirpc/wire"
)

func TestTraceID(t *testing.T) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for traceparent, want := range map[string]string{
		"00-" + id + "-00f067aa0ba902b7-01":       id,
		"00-" + id + "-00f067aa0ba902b7-ff":       id,
		"cc-" + id + "-00f067aa0ba902b7-01":       id,
		"cc-" + id + "-00f067aa0ba902b7-01-later": id,
		"":                                  "",
		"rubbish":                           "",
		"ff-" + id + "-00f067aa0ba902b7-01": "",
		"00-" + id + "-00f067aa0ba902b7-01-later":                 "",
		"cc-" + id + "-00f067aa0ba902b7-01later":                  "",
		"00-" + id + "-0000000000000000-01":                       "",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01": "",
		"00_" + id + "_00f067aa0ba902b7_01":                       "",
		"00-" + id + "-00f067aa0ba902b7-0":                        "",
	} {
		if got := wire.TraceID(traceparent); got != want {
			t.Errorf("%q: %q; want %q", traceparent, got, want)
		}
	}
}
