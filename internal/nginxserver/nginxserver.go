// Package nginxserver runs the nginx of deploy/nginx, or of deploy/centrifugo, for a test.
package nginxserver

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/tools"
)

// Edit is a change to the configuration: Old, which must be in it, becomes New.
type Edit struct{ Old, New string }

// Server is an nginx process on a port of 127.0.0.1, with files of its own.
type Server struct {
	t      testing.TB
	binary string
	folder string   // of the files, in deploy
	files  []string // the first includes the others
	dir    string
	addr   string
	proc   *exec.Cmd
}

// nodes are those of deploy/nginx/centrirpc.conf.
var nodes = []string{"node1:8000", "node2:8000", "node3:8000"}

// Start runs deploy/nginx in front of the nodes, three addresses "127.0.0.1:port", with changes.
// Nothing else of the files is changed but the port, where nginx keeps files, and how many
// descriptors it asks for. It ends
// with the test.
func Start(t testing.TB, addresses []string, edits ...Edit) *Server {
	t.Helper()
	if len(addresses) != len(nodes) {
		t.Fatalf("%d nodes; deploy/nginx has %d", len(addresses), len(nodes))
	}
	for i, address := range addresses {
		edits = append(edits, Edit{"server " + nodes[i] + " ", "server " + address + " "})
	}
	return start(&Server{t: t, folder: "nginx", files: []string{"nginx.conf", "centrirpc.conf"}}, edits)
}

// StartCentrifugo runs the nginx of deploy/centrifugo, with its own port changed as that of
// Start, and with the changes that say where all else is.
func StartCentrifugo(t testing.TB, edits ...Edit) *Server {
	t.Helper()
	return start(&Server{t: t, folder: "centrifugo", files: []string{"nginx.conf"}}, edits)
}

func start(s *Server, edits []Edit) *Server {
	t := s.t
	t.Helper()
	s.dir, s.addr = t.TempDir(), loopback.FreeAddress(t)
	var err error
	if s.binary, err = exec.LookPath("nginx"); err != nil {
		if s.binary, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			tools.Missing(t, "nginx")
		}
	}
	paths := "http {\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths += fmt.Sprintf("\t%s_temp_path %s;\n", kind, filepath.Join(s.dir, kind))
	}
	edits = append(edits, Edit{"http {\n", paths}, Edit{"listen 8080;", "listen " + s.addr + ";"},
		Edit{"/var/log/nginx/", s.dir + "/"},
		// A machine may allow fewer.
		Edit{"worker_rlimit_nofile 65536;", ""}, Edit{"worker_connections 32768;", "worker_connections 512;"})
	s.Write(edits...)
	s.Restart()
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			log := s.ErrorLog()
			t.Logf("the end of nginx's log:\n%s", log[max(0, len(log)-3000):])
		}
	})
	return s
}

// Write makes the configuration from deploy with the changes, and has nginx check it.
func (s *Server) Write(edits ...Edit) {
	s.t.Helper()
	source := filepath.Join(deployDir(s.t), s.folder)
	texts := map[string]string{}
	for _, name := range s.files {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			s.t.Fatal(err)
		}
		texts[name] = string(data)
	}
	for _, e := range edits {
		found := false
		for name, text := range texts {
			if strings.Contains(text, e.Old) {
				texts[name], found = strings.ReplaceAll(text, e.Old, e.New), true
			}
		}
		if !found {
			s.t.Fatalf("%q is not in deploy/%s", e.Old, s.folder)
		}
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	out, err := exec.Command(s.binary, append(s.args(), "-t")...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "[warn]") {
		s.t.Fatalf("nginx -t: %v\n%s", err, out)
	}
}

// deployDir is deploy of this checkout, seen from wherever a test runs.
func deployDir(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "deploy/nginx/nginx.conf")); err == nil {
			return filepath.Join(dir, "deploy")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no deploy/nginx above the test")
		}
		dir = parent
	}
}

func (s *Server) args() []string {
	settings := "daemon off; pid " + filepath.Join(s.dir, "pid") + ";"
	if os.Geteuid() == 0 {
		// Its workers keep large requests in the test's folder, where nobody else may write.
		settings += " user root;"
	}
	return []string{"-p", s.dir, "-c", filepath.Join(s.dir, "nginx.conf"), "-e", "stderr", "-g", settings}
}

// Addr is where it listens, "127.0.0.1:port".
func (s *Server) Addr() string { return s.addr }

// AccessLog is what it has logged of requests.
func (s *Server) AccessLog() string { return s.read("access.log") }

// ErrorLog is what it has logged of all else.
func (s *Server) ErrorLog() string { return s.read("error.log") }

func (s *Server) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Error(err)
	}
	return string(data)
}

// Restart starts the process, after Stop, and waits until it listens.
func (s *Server) Restart() {
	s.t.Helper()
	s.proc = exec.Command(s.binary, s.args()...)
	stderr, err := os.Create(filepath.Join(s.dir, "stderr"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer stderr.Close()
	s.proc.Stderr = stderr
	if err := s.proc.Start(); err != nil {
		s.t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", s.addr); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("nginx does not listen:\n%s", s.read("stderr"))
		}
	}
}

// Stop ends the process and all connections at once. It may be called again.
func (s *Server) Stop() {
	if s.proc == nil {
		return
	}
	_ = s.proc.Process.Signal(syscall.SIGTERM) // the master ends its workers
	_ = s.proc.Wait()
	s.proc = nil
}

// Reload has nginx read its configuration anew: new workers take over, and the old ones
// keep the connections that they have for the time of worker_shutdown_timeout.
func (s *Server) Reload() {
	s.t.Helper()
	out, err := exec.Command(s.binary, append(s.args(), "-s", "reload")...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("nginx -s reload: %v\n%s", err, out)
	}
}

// Workers are the process ids of the workers, those included that a reload has told to
// end.
func (s *Server) Workers() []string {
	s.t.Helper()
	master := strconv.Itoa(s.proc.Process.Pid)
	data, err := os.ReadFile(filepath.Join("/proc", master, "task", master, "children"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Fields(string(data))
}
