package conformance

import (
	"testing"

	"github.com/centrirpc/centrirpc/conformance/process"
	"github.com/centrirpc/centrirpc/conformance/sdk"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
)

// centrifugoDifferences are the cases that must end otherwise through Centrifugo.
const centrifugoDifferences = "differences/centrifugo.json"

// TestConformanceCentrifugo runs the suite through Centrifugo, with the server as its
// backend: the double, or the real one that CENTRIFUGO_BIN names. Its configuration
// is what centrirpc centrifugo-config prints.
func TestConformanceCentrifugo(t *testing.T) {
	described, err := contract.Decode(sdk.Contract)
	if err != nil {
		t.Fatal(err)
	}
	main, tokenless := loopback.FreeAddress(t), loopback.FreeAddress(t)
	address := loopback.FreeAddress(t)
	for at, options := range map[string]centrifugoconfig.Options{
		main:      {Backend: "http://" + address + "/backend"},
		tokenless: {Backend: "http://" + address + "/tokenless-backend", Connect: true, Headers: []string{"x-user"}},
	} {
		config, err := centrifugoconfig.Make(described, options)
		if err != nil {
			t.Fatal(err)
		}
		text, err := config.JSON()
		if err != nil {
			t.Fatal(err)
		}
		env := []string{"CENTRIFUGO_VAR_CENTRIRPC_SECRET=" + process.ProxySecret, "CENTRIFUGO_HTTP_API_KEY=" + process.APIKey}
		if at == main {
			env = append(env, "CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY="+process.Secret)
		}
		centrifugodouble.Start(t, at, text, env...)
	}
	// Last, so that it stops first: its last replies go through Centrifugo.
	process.StartServer(t, "-addr", address, "-centrifugo", "http://"+main, "-centrifugo-tokenless", "http://"+tokenless)
	runSuite(t, address, centrifugoDifferences)
}
