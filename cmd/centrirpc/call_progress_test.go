package main

import (
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

func TestProgressTexts(t *testing.T) {
	for _, test := range []struct {
		progress  client.Progress
		line, bar string
	}{
		{client.Progress{Done: 0, Total: 500}, "0/500 (0%)", "[------------------------------] 0/500 (0%)"},
		{client.Progress{Done: 250, Total: 500, Message: "rows"}, "250/500 (50%) rows", "[###############---------------] 250/500 (50%) rows"},
		{client.Progress{Done: 600, Total: 500}, "600/500 (100%)", "[##############################] 600/500 (100%)"},
		{client.Progress{Done: -1, Total: 2}, "-1/2 (0%)", "[------------------------------] -1/2 (0%)"},
		{client.Progress{Done: 0.5, Message: "a\nb\x1b[31m"}, "0.5 a b [31m", "0.5 a b [31m"},
	} {
		if got := progressText(test.progress); got != test.line {
			t.Errorf("%+v: %q, want %q", test.progress, got, test.line)
		}
		if got := barText(test.progress); got != test.bar {
			t.Errorf("%+v: %q, want %q", test.progress, got, test.bar)
		}
	}
	long := client.Progress{Done: 1, Total: 2, Message: strings.Repeat("é", 500)}
	if n := len([]rune(barText(long))); n > 79 {
		t.Errorf("the bar takes %d columns", n)
	}
}

func TestProgressLinesAreNotTooMany(t *testing.T) {
	var to strings.Builder
	v := newProgressView(&to, progressAuto)
	now := time.Unix(1, 0)
	v.now = func() time.Time { return now }
	for done := 1.0; done <= 25; done++ {
		v.show(client.Progress{Done: done, Total: 25})
		v.clear()
		v.draw()
		now = now.Add(100 * time.Millisecond)
	}
	if want := "1/25 (4%)\n11/25 (44%)\n21/25 (84%)\n25/25 (100%)\n"; to.String() != want {
		t.Errorf("%q, want %q", &to, want)
	}
}
