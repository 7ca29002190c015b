package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/server/token"
)

// checks are what the scripts in official/ print, each having tried the same.
var checks = []string{
	"connect", "call", "call with an error", "call without params", "the same correlation id again",
	"a reply channel of one's own", "native RPC", "native RPC with errors", "no envelope",
	"a foreign reply channel", "publish elsewhere", "subscribe elsewhere", "the connection lives",
}

// TestOfficialSDKs has the official SDKs, without our code, make calls by hand:
// anybody can who reads PROTOCOL.md.
func TestOfficialSDKs(t *testing.T) {
	url := "ws://" + process.StartServer(t) + "/connection/websocket"
	for _, format := range []string{"json", "protobuf", "http_stream"} {
		t.Run("javascript/"+format, func(t *testing.T) {
			t.Parallel()
			modules, err := filepath.Abs("../sdk/typescript/node_modules")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(modules, "centrifuge")); err != nil {
				process.Missing(t, "sdk/typescript/node_modules")
			}
			node, err := exec.LookPath("node")
			if err != nil {
				process.Missing(t, "node")
			}
			user := "js-" + format
			verify(t, process.Run(t, nil, node, "official/check.mjs", modules, format, url, mint(t, user), user))
		})
		if format == "http_stream" { // the Python SDK has WebSockets only
			continue
		}
		t.Run("python/"+format, func(t *testing.T) {
			t.Parallel()
			python := "../.venv/bin/python"
			if _, err := os.Stat(python); err != nil {
				process.Missing(t, ".venv")
			}
			user := "py-" + format
			verify(t, process.Run(t, nil, python, "-X", "dev", "official/check.py", format, url, mint(t, user), user))
		})
	}
}

func mint(t *testing.T, user string) string {
	t.Helper()
	minted, err := token.Sign(process.Secret, token.Claims{UserID: user})
	if err != nil {
		t.Fatal(err)
	}
	return minted
}

func verify(t *testing.T, printed string) {
	t.Helper()
	var passed []string
	for line := range strings.Lines(printed) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "ok "); ok {
			passed = append(passed, name)
		}
	}
	if !slices.Equal(passed, checks) {
		t.Errorf("checked %q\nwant %q\n%s", passed, checks, printed)
	}
}
