package centrifugodouble_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

// standIn says that the program is to be what CENTRIFUGO_BIN names, and what that does.
const standIn = "CENTRIFUGODOUBLE_STAND_IN"

func TestMain(m *testing.M) {
	switch os.Getenv(standIn) {
	case "serves":
		serveAsCentrifugo()
	case "ends":
		fmt.Println("no such option: made_up")
		os.Exit(1)
	default:
		os.Exit(m.Run())
	}
}

// seen is what a program was started with.
type seen struct {
	Args   []string
	Config map[string]any
	Env    []string
}

// serveAsCentrifugo listens where its configuration says, and tells what it was started
// with, until it is asked to end.
func serveAsCentrifugo() {
	s := seen{Args: os.Args[1:], Env: os.Environ()}
	var where struct {
		HTTPServer struct {
			Address string
			Port    int
		} `json:"http_server"`
	}
	text, err := os.ReadFile(os.Args[len(os.Args)-1])
	if err == nil {
		err = json.Unmarshal(text, &s.Config)
	}
	if err == nil {
		err = json.Unmarshal(text, &where)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	go func() {
		<-asked
		os.Exit(0)
	}()
	fmt.Println(http.ListenAndServe(fmt.Sprintf("%s:%d", where.HTTPServer.Address, where.HTTPServer.Port),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s) })))
	os.Exit(1)
}

func beReal(t *testing.T) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("CENTRIFUGO_BIN", program)
}

// The program that CENTRIFUGO_BIN names gets the configuration, at the address of the
// test, and the environment, and ends with Stop.
func TestStartOfARealOne(t *testing.T) {
	beReal(t)
	addr := loopback.FreeAddress(t)
	p := centrifugodouble.Start(t, addr, []byte(`{"http_server":{"port":"1"},"health":{"enabled":true}}`), standIn+"=serves", "CENTRIFUGO_HTTP_API_KEY=key")
	response, err := http.Get("http://" + p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got seen
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if p.Addr() != addr || len(got.Args) != 2 || got.Args[0] != "--config" || !strings.HasSuffix(got.Args[1], ".json") {
		t.Errorf("at %s with %q", p.Addr(), got.Args)
	}
	if health, _ := got.Config["health"].(map[string]any); len(got.Config) != 2 || health["enabled"] != true {
		t.Errorf("its configuration is %v", got.Config)
	}
	if !slices.Contains(got.Env, "CENTRIFUGO_HTTP_API_KEY=key") || !slices.Contains(got.Env, "PATH="+os.Getenv("PATH")) {
		t.Errorf("its environment is %q", got.Env)
	}
	p.Stop()
	p.Stop() // once more does nothing
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Error("it listens after Stop")
	}
}

// failing is a test that notes how it failed.
type failing struct {
	testing.TB
	how string
}

func (f *failing) Helper()      {}
func (f *failing) Failed() bool { return false }

func (f *failing) Fatalf(format string, args ...any) {
	f.how = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// A program that does not take its configuration fails the test at once, with what it said.
func TestStartOfARealOneThatEnds(t *testing.T) {
	beReal(t)
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		centrifugodouble.Start(f, loopback.FreeAddress(t), []byte(`{}`), standIn+"=ends")
	}()
	<-done
	if !strings.Contains(f.how, "ended instead of listening") || !strings.Contains(f.how, "no such option: made_up") {
		t.Errorf("it failed with %q", f.how)
	}
}
