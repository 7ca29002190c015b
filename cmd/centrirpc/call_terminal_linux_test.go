package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// terminal opens a pseudo-terminal: what is written to it can be read from screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	var locked, number int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatal(errno)
		}
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, tty
}

func TestCallDrawsABarOnATerminal(t *testing.T) {
	c := newCounting()
	screen, tty := terminal(t)
	cmd := process(t, "call", "-url", c.serve(t), "-token", mint(t), "steps")
	cmd.Env = append(cmd.Env, "TERM=xterm")
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	shown := &watched{news: make(chan struct{}, 1)}
	go func() { _, _ = io.Copy(shown, screen) }()
	const clear = "\r\x1b[K"
	shown.waitFor(t, clear+"[###############---------------] 1/2 (50%) step [2J1")
	c.goOn <- struct{}{}
	shown.waitFor(t, clear+"[##############################] 2/2 (100%) step [2J2")
	c.goOn <- struct{}{}
	if err := cmd.Wait(); err != nil || stdout.String() != "{\n  \"sum\": 2\n}\n" {
		t.Errorf("%v, %s", err, &stdout)
	}
	shown.waitFor(t, "step [2J2"+clear)
	if strings.Contains(shown.String(), "\n") {
		t.Errorf("more than the bar: %q", shown)
	}
}
