package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// serverDefault is the time that a zero value of a field of server.Config stands for.
func serverDefault(t *testing.T, field string) time.Duration {
	t.Helper()
	return seconds(t, "server/config.go", `settings\.Duration\("`+field+`", &c\.`+field+`, (\d+)\*time\.Second\)`)
}

// disconnectTimeout is how long connections, and after them other requests, have at the
// end of a drain.
func disconnectTimeout(t *testing.T) time.Duration {
	t.Helper()
	return seconds(t, "server/drain.go", `const disconnectTimeout = (\d+) \* time\.Second`)
}

// stop is how long a node takes to stop, at most.
func stop(t *testing.T) time.Duration {
	t.Helper()
	return serverDefault(t, "DrainTimeout") + 2*disconnectTimeout(t)
}

// seconds are what a pattern finds in a file, which it must once.
func seconds(t *testing.T, path, pattern string) time.Duration {
	t.Helper()
	found := regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, path), -1)
	if len(found) != 1 {
		t.Fatalf("%s is %d times in %s", pattern, len(found), path)
	}
	n, err := strconv.Atoi(found[0][1])
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n) * time.Second
}

// nginx and the server agree about how long a connection may be silent.
func TestTimeoutsFitThePings(t *testing.T) {
	// PongTimeout is 10 s, unless PingInterval is short.
	silent := serverDefault(t, "PingInterval") + seconds(t, "server/config.go", `c\.PongTimeout = min\((\d+)\*time\.Second, c\.PingInterval/2\)`)
	for _, setting := range []string{"proxy_read_timeout", "proxy_send_timeout"} {
		if got := seconds(t, "deploy/nginx/centrirpc.conf", setting+` (\d+)s;`); got <= silent {
			t.Errorf("%s is %v; it must be more than PingInterval and PongTimeout, %v", setting, got, silent)
		}
	}
	for _, setting := range []string{"proxy-read-timeout", "proxy-send-timeout"} {
		if got := seconds(t, "deploy/kubernetes/ingress.yaml", `nginx\.ingress\.kubernetes\.io/`+setting+`: "(\d+)"`); got <= silent {
			t.Errorf("the ingress's %s is %v; it must be more than PingInterval and PongTimeout, %v", setting, got, silent)
		}
	}
}
