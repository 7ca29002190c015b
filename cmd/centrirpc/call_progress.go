package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/centrirpc/centrirpc/client"
)

// progressMode says how progress is shown: the flag -progress.
type progressMode string

const (
	progressAuto  progressMode = ""      // a bar on a terminal, else lines
	progressBar   progressMode = "bar"   // one line that is drawn over and over
	progressLines progressMode = "lines" // a line each time, at most one a second
	progressNone  progressMode = "none"
)

func (m *progressMode) String() string { return string(*m) }

// IsBoolFlag lets -progress stand without a value: it means lines.
func (m *progressMode) IsBoolFlag() bool { return true }

func (m *progressMode) Set(value string) error {
	switch mode := progressMode(value); mode {
	case "true":
		*m = progressLines
	case "false":
		*m = progressNone
	case progressBar, progressLines, progressNone:
		*m = mode
	default:
		return fmt.Errorf("there are bar, lines and none")
	}
	return nil
}

// lineInterval is how often progress may have a line of its own.
const lineInterval = time.Second

// progressView shows the latest progress of a call on standard error.
type progressView struct {
	to   io.Writer
	mode progressMode
	now  func() time.Time

	mu     sync.Mutex // guards what follows, and what is written
	latest *client.Progress
	told   time.Time // the latest line
	shown  bool      // the bar is there
	closed bool
}

func newProgressView(to io.Writer, mode progressMode) *progressView {
	if mode == progressAuto {
		mode = progressLines
		if isTerminal(to) {
			mode = progressBar
		}
	}
	return &progressView{to: to, mode: mode, now: time.Now}
}

// isTerminal reports whether w is a terminal that can go back to a line's beginning.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show takes progress from the client.
func (v *progressView) show(p client.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.latest = &p
	switch v.mode {
	case progressBar:
		v.drawLocked()
	case progressLines:
		if now := v.now(); now.Sub(v.told) >= lineInterval || p.Total > 0 && p.Done >= p.Total {
			fmt.Fprintln(v.to, progressText(p))
			v.told = now
		}
	}
}

// draw draws the bar, if there is progress to show.
func (v *progressView) draw() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drawLocked()
}

func (v *progressView) drawLocked() {
	if v.mode == progressBar && v.latest != nil {
		fmt.Fprint(v.to, "\r\x1b[K"+barText(*v.latest))
		v.shown = true
	}
}

// clear takes the bar away, so that something else can be printed.
func (v *progressView) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clearLocked()
}

// say prints a line, above the bar if there is one.
func (v *progressView) say(line string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mode == progressNone || v.closed {
		return
	}
	v.clearLocked()
	fmt.Fprintln(v.to, line)
	v.drawLocked()
}

// close takes the bar away for good; nothing is shown any more.
func (v *progressView) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clearLocked()
	v.closed = true
}

func (v *progressView) clearLocked() {
	if v.shown {
		fmt.Fprint(v.to, "\r\x1b[K")
		v.shown = false
	}
}

// progressText is progress in words: "120/500 (24%) rows read".
func progressText(p client.Progress) string {
	var b strings.Builder
	b.WriteString(number(p.Done))
	if p.Total > 0 {
		fmt.Fprintf(&b, "/%s (%.0f%%)", number(p.Total), 100*share(p))
	}
	if p.Message != "" {
		b.WriteString(" " + printable(p.Message))
	}
	return b.String()
}

const barWidth = 30

// barText fits into one line of a terminal.
func barText(p client.Progress) string {
	text := []rune(progressText(p))
	text = text[:min(len(text), 79-barWidth-3)]
	if p.Total <= 0 {
		return string(text)
	}
	full := int(barWidth * share(p))
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barWidth-full) + "] " + string(text)
}

func share(p client.Progress) float64 { return min(1, max(0, p.Done/cmp.Or(p.Total, 1))) }

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// printable keeps what the server sends from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
