package faultproxy_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/faultproxy"
)

// echo is a server that sends each line back.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

type line struct {
	net.Conn
	*bufio.Reader
	t *testing.T
}

func dial(t *testing.T, addr string) line {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return line{conn, bufio.NewReader(conn), t}
}

func (l line) say(text string) {
	l.t.Helper()
	if _, err := l.Conn.Write([]byte(text + "\n")); err != nil {
		l.t.Error(err)
	}
}

// hears is whether text comes back within that time.
func (l line) hears(text string, within time.Duration) bool {
	_ = l.SetReadDeadline(time.Now().Add(within))
	got, err := l.ReadString('\n')
	return err == nil && got == text+"\n"
}

const soon, never = 10 * time.Second, 50 * time.Millisecond

func TestFaults(t *testing.T) {
	p := faultproxy.Start(t, echo(t))
	l := dial(t, p.Addr())
	l.say("a")
	if !l.hears("a", soon) || p.Connections() != 1 {
		t.Fatal("nothing comes through")
	}
	p.Stall(faultproxy.Down, true)
	l.say("b")
	if l.hears("b", never) {
		t.Error("a stalled connection lets data through")
	}
	p.Stall(faultproxy.Down, false)
	if !l.hears("b", soon) {
		t.Error("what was stalled is lost")
	}
	p.Lose(faultproxy.Up, true)
	l.say("c")
	if l.hears("c", never) {
		t.Error("nothing is lost")
	}
	p.Lose(faultproxy.Up, false)
	l.say("d")
	if !l.hears("d", soon) {
		t.Error("what came after the loss is lost too")
	}
	p.Delay(faultproxy.Down, 30*time.Millisecond)
	start := time.Now()
	l.say("e")
	if !l.hears("e", soon) || time.Since(start) < 30*time.Millisecond {
		t.Error("nothing is delayed")
	}
	p.Delay(faultproxy.Down, 0)
	cut := p.CutAt(faultproxy.Down, "magic")
	l.say("f")
	if !l.hears("f", soon) {
		t.Error("cut too early")
	}
	l.say("the magic word")
	if l.hears("the magic word", soon) {
		t.Error("not cut")
	}
	<-cut
}

func TestVanish(t *testing.T) {
	p := faultproxy.Start(t, echo(t))
	l := dial(t, p.Addr())
	l.say("a")
	if !l.hears("a", soon) {
		t.Fatal("nothing comes through")
	}
	p.Vanish()
	l.say("b")
	if l.hears("b", never) {
		t.Error("a connection that vanished lets data through")
	}
	l = dial(t, p.Addr())
	l.say("c")
	if !l.hears("c", soon) {
		t.Error("a new connection is as lost as the old one")
	}
}

func TestVanishInOneDirection(t *testing.T) {
	for d, heard := range map[faultproxy.Direction]string{faultproxy.Up: "", faultproxy.Down: "b\n"} {
		server := make(chan string, 2)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() { // answers each line
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for range 2 {
				said, _ := in.ReadString('\n')
				server <- said
				_, _ = io.WriteString(conn, "x\n")
			}
		}()
		p := faultproxy.Start(t, listener.Addr().String())
		l := dial(t, p.Addr())
		l.say("a")
		if <-server != "a\n" || !l.hears("x", soon) {
			t.Fatal("nothing comes through")
		}
		p.Vanish(d)
		l.say("b")
		if l.hears("x", never) {
			t.Errorf("direction %d: an answer came", d)
		}
		patience := never
		if heard != "" {
			patience = soon
		}
		got := ""
		select {
		case got = <-server:
		case <-time.After(patience):
		}
		if got != heard {
			t.Errorf("direction %d: the server heard %q; want %q", d, got, heard)
		}
	}
}

func TestCutAndRefuse(t *testing.T) {
	p := faultproxy.Start(t, echo(t))
	l := dial(t, p.Addr())
	l.say("a")
	if !l.hears("a", soon) {
		t.Fatal("nothing comes through")
	}
	p.Stall(faultproxy.Up, true) // must not hold a cut up
	l.say("b")
	if n := p.Cut(); n != 1 {
		t.Errorf("%d connections were cut", n)
	}
	if _, err := l.ReadString('\n'); err == nil {
		t.Error("not cut")
	}
	p.Stall(faultproxy.Up, false)
	p.Refuse(true)
	l = dial(t, p.Addr())
	if _, err := l.ReadString('\n'); err == nil {
		t.Error("not refused")
	}
	p.Refuse(false)
	p.SetTarget(echo(t))
	l = dial(t, p.Addr())
	l.say("c")
	if !l.hears("c", soon) {
		t.Error("not let in again")
	}
}
