package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/server"
)

func TestOrigins(t *testing.T) {
	listed := []string{"https://app.example.com", "https://*.example.org", "http://localhost:3000"}
	for _, v := range []struct {
		name    string
		allowed []string
		origin  string
		ok      bool
	}{
		{"no browser", nil, "", true},
		{"the same host", nil, "SAME", true},
		{"another host", nil, "https://evil.example", false},
		{"the same host on another port", nil, "http://127.0.0.1:1", false},
		{"null", nil, "null", false},
		{"no URL", nil, "http://%zz", false},
		{"listed", listed, "https://app.example.com", true},
		{"listed, in capitals", listed, "https://APP.example.com", true},
		{"listed with a port", listed, "http://localhost:3000", true},
		{"another port", listed, "http://localhost:3001", false},
		{"another scheme", listed, "http://app.example.com", false},
		{"below a listed host", listed, "https://x.app.example.com", false},
		{"a wildcard's host", listed, "https://a.example.org", true},
		{"deeper", listed, "https://a.b.example.org", true},
		{"the domain itself", listed, "https://example.org", false},
		{"a domain that ends so", listed, "https://evilexample.org", false},
		{"a wildcard's host on a port", listed, "https://a.example.org:444", false},
		{"the same host besides a list", listed, "SAME", true},
		{"everything", []string{"*"}, "https://evil.example", true},
		{"everything, null too", []string{"*"}, "null", true},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := start(t, testRouter(nil), server.Config{AllowedOrigins: v.allowed})
			header := http.Header{}
			if v.origin == "SAME" {
				v.origin = s.url
			}
			if v.origin != "" {
				header.Set("Origin", v.origin)
			}
			ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
			defer cancel()
			conn, resp, err := websocket.Dial(ctx, socketURL(s.url), &websocket.DialOptions{HTTPHeader: header})
			if err == nil {
				_ = conn.CloseNow()
			}
			if (err == nil) != v.ok {
				t.Errorf("WebSocket: %v; want ok = %v", err, v.ok)
			}
			if err != nil && resp != nil && resp.StatusCode != 403 {
				t.Errorf("WebSocket: status %d; want 403", resp.StatusCode)
			}
			for _, path := range []string{"/connection/http_stream", "/emulation"} {
				req, err := http.NewRequestWithContext(ctx, http.MethodOptions, s.url+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header = header
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if (resp.StatusCode != 403) != v.ok {
					t.Errorf("%s: status %d; want ok = %v", path, resp.StatusCode, v.ok)
				}
				want := ""
				if v.ok && v.origin != "" {
					want = v.origin
					if v.allowed != nil && v.allowed[0] == "*" {
						want = "*"
					}
				}
				if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s: Access-Control-Allow-Origin %q; want %q", path, got, want)
				}
				if want == "*" && resp.Header.Get("Access-Control-Allow-Credentials") != "" {
					t.Errorf("%s: credentials are allowed to everybody", path)
				}
			}
		})
	}
}

// A page of another site can make a browser send a GET without an Origin, and
// its visitor's cookies with it: that must not connect, let alone call.
func TestForeignPageWithoutOrigin(t *testing.T) {
	called := make(chan struct{}, 10)
	s := start(t, testRouter(nil), server.Config{Authenticate: func(*http.Request, string) (server.Identity, error) {
		called <- struct{}{}
		return server.Identity{UserID: "456"}, nil
	}})
	commands := `{"id":1,"connect":{}}` + "\n" + request(2, "tasks.get_stats", `{"user_id":"1"}`, "c", "user#456")
	address := s.url + "/connection/sse?cf_connect=" + url.QueryEscape(commands)
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", site)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want {
			t.Errorf("%s: status %d; want %d", site, resp.StatusCode, want)
		}
		if want == 200 {
			<-called
		} else if len(called) != 0 {
			t.Errorf("%s: the application was asked", site)
		}
		cancel()
		_ = resp.Body.Close()
	}
	if strings.Contains(s.log.String(), "panic") {
		t.Error(s.log)
	}
}

// The operator learns of a page that may not connect, and no page can fill the log.
func TestRefusedOriginsAreLogged(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{AllowedOrigins: []string{"https://app.example.com"}})
	ask := func(header, value string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/connection/websocket", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, value)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	entries := func(text string) int { return strings.Count(s.log.String(), text) }
	for range 3 {
		ask("Origin", "https://evil.example")
		ask("Origin", "https://app.example.com")
		ask("Sec-Fetch-Site", "cross-site")
	}
	if n := entries("level=WARN msg=\"refused a page"); n != 2 {
		t.Errorf("%d entries, want 2:\n%s", n, s.log)
	}
	for _, want := range []string{"origin=https://evil.example host=" + strings.TrimPrefix(s.url, "http://") + " allowed=[https://app.example.com]", "Sec-Fetch-Site: cross-site"} {
		if entries(want) != 1 {
			t.Errorf("not once %q in:\n%s", want, s.log)
		}
	}
	ask("Origin", "https://"+strings.Repeat("x", 5000)+".example")
	for i := range 200 {
		ask("Origin", fmt.Sprintf("https://%d.example", i))
	}
	if n := entries("msg=\"refused a page"); n != 100 {
		t.Errorf("%d entries of %d origins, want 100", n, 203)
	}
	if n := entries("further origins that are refused are not logged"); n != 1 {
		t.Errorf("%d times that there are more", n)
	}
	if entries(strings.Repeat("x", 300)) != 0 {
		t.Error("an origin of any length is logged")
	}
}
