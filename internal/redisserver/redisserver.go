// Package redisserver runs a Redis for a test.
package redisserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// Server is a redis-server process. Unless its arguments say otherwise it keeps nothing on disk
// and comes back empty.
type Server struct {
	t       testing.TB
	addr    string
	busPort string // where the nodes of a cluster talk
	args    []string
	proc    *exec.Cmd
}

// Start starts a redis-server on a free port of 127.0.0.1, with more arguments of
// its own, and waits until it listens. It ends with the test.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	addr := loopback.FreeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	return start(t, addr, []string{"--port", port}, args...)
}

// start starts a redis-server whose arguments have it listen at addr. More arguments
// override those that all of them have.
func start(t testing.TB, addr string, args []string, more ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tools.Missing(t, "redis-server")
	}
	_, busPort, _ := net.SplitHostPort(loopback.FreeAddress(t))
	s := &Server{t: t, addr: addr, busPort: busPort, args: slices.Concat(args, []string{
		"--cluster-port", busPort, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--appendonly", "no", "--daemonize", "no",
		// A replica follows at once, and hears something every second: both wait for company otherwise.
		"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"}, more)}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// Addr is where it listens, "127.0.0.1:port".
func (s *Server) Addr() string { return s.addr }

// URL is its address as a URL.
func (s *Server) URL() string { return "redis://" + s.addr }

// Restart starts the process, after Kill, and waits until it listens.
func (s *Server) Restart() {
	s.t.Helper()
	log, err := os.Create(filepath.Join(s.t.TempDir(), "redis.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.proc = exec.Command("redis-server", s.args...)
	s.proc.Stdout, s.proc.Stderr = log, log
	if err := s.proc.Start(); err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", s.addr); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			s.t.Fatalf("redis-server does not listen: %s", said)
		}
	}
}

// Kill ends the process at once. It may be called again.
func (s *Server) Kill() {
	if s.proc == nil {
		return
	}
	_ = s.proc.Process.Kill()
	_ = s.proc.Wait()
	s.proc = nil
}

// Do sends a command that has no spaces in its arguments and returns the first line
// of the answer as Redis sent it, such as ":3".
func (s *Server) Do(command string) string {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.addr, 5*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		s.t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimSpace(line)
}

// Text sends a command that is answered with a text, and returns that.
func (s *Server) Text(command string) string {
	s.t.Helper()
	text, err := s.ask("", command)
	if err != nil {
		s.t.Fatalf("%s: %v", command, err)
	}
	return text
}

// ask is Text with a password, unless that is empty.
func (s *Server) ask(password, command string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.addr, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	answer := bufio.NewReader(conn)
	if password != "" {
		_, _ = fmt.Fprintf(conn, "AUTH %s\r\n", password)
		if said, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(said, "+OK") {
			return "", fmt.Errorf("AUTH: %s, %w", said, err)
		}
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	var size int
	if _, err := fmt.Fscanf(answer, "$%d\r\n", &size); err != nil {
		return "", err
	}
	text := make([]byte, size)
	_, err = io.ReadFull(answer, text)
	return string(text), err
}

// Pause stops the process in its tracks: connections stay, and nothing answers.
func (s *Server) Pause() { _ = s.proc.Process.Signal(syscall.SIGSTOP) }

// Continue ends a Pause.
func (s *Server) Continue() { _ = s.proc.Process.Signal(syscall.SIGCONT) }
