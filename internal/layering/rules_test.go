package layering

// rule says what the packages of one room may import besides the standard
// library and one another. Paths of this module are written without its name;
// "." is the root package. A path ending in /... covers everything below.
type rule struct {
	room string
	own  []string // packages of this module
	libs []string // modules of others, or packages of them
	why  string
}

// anything lets a room import every package that is not closed to it.
var anything = []string{"..."}

// rules has one row for each room; of several that cover a package the one with
// the longest path counts. A package that none covers is an error: new rooms say
// here where they stand.
var rules = []rule{
	{"wire", nil, nil,
		"The protocol is shared by programs that only call and programs that only serve; neither should link anything for it."},
	{"contract", nil, nil,
		"Everything reads the contract; it must stay as light as a data format."},
	{"contract/jsonschema", []string{"contract"}, nil,
		"It reads files, also those that a router is given; the contract is all it knows."},
	{"contract/diff", []string{"contract"}, nil,
		"What changed is a function of two contracts."},
	{"contract/markdown", []string{"contract"}, nil,
		"Documentation is a function of the contract."},
	{"contract/openrpc", []string{"contract"}, nil,
		"Documentation is a function of the contract."},
	{"contract/gotypes", []string{"contract"}, nil,
		"Every server links it to describe its types, so it is reflection and nothing else."},
	{"contract/gotypes/internal/fixture/...", nil, nil,
		"Types to be described in tests, as a user would write them."},
	{"contract/gotypes/source", []string{"contract", "contract/gotypes"}, []string{"golang.org/x/tools"},
		"Reading source needs a type checker and runs at generation time only; no server links it."},
	{".", []string{"contract", "contract/gotypes", "contract/jsonschema", "wire"},
		[]string{"github.com/go-playground/validator/v10", "github.com/go-playground/universal-translator", "github.com/go-playground/locales", "github.com/go-json-experiment/json"},
		"What handlers import knows no transport, no store and no Centrifuge, so that it can be tested and served in any way."},
	{"calls", []string{".", "contract", "wire"}, nil,
		"The life of a call is the same for every way of serving and every store."},
	{"calls/memstore", []string{"calls"}, nil,
		"A store knows calls, not who serves them."},
	{"calls/redisstore", []string{"calls", "internal/redisclient"}, []string{"github.com/redis/rueidis"},
		"Redis is known to its store alone."},
	{"calls/storetest", []string{"calls"}, nil,
		"The tests that every store passes know no store."},
	{"internal/serving", []string{".", "contract", "contract/diff", "wire"}, nil,
		"What the ways of serving share knows none of them, and no transport."},
	{"internal/observing", []string{".", "calls", "contract", "internal/serving", "wire"},
		[]string{"github.com/prometheus/client_golang", "go.opentelemetry.io/otel/attribute", "go.opentelemetry.io/otel/codes", "go.opentelemetry.io/otel/propagation", "go.opentelemetry.io/otel/semconv/v1.43.0", "go.opentelemetry.io/otel/trace"},
		"Metrics and traces of calls are the same for every way of serving, and for none of them alone."},
	{"server", []string{".", "calls", "calls/memstore", "calls/redisstore", "contract", "internal/observing", "internal/redisclient", "internal/serving", "server/token", "wire"},
		[]string{"github.com/centrifugal/centrifuge", "github.com/centrifugal/protocol", "github.com/prometheus/client_golang", "github.com/go-json-experiment/json", "github.com/redis/rueidis", "go.opentelemetry.io/otel/trace"},
		"The embedded server, and it alone, is built on the Centrifuge library; the store of calls comes with it, so that several nodes are a matter of configuration."},
	{"server/centrifugo", []string{".", "calls", "calls/memstore", "internal/observing", "internal/serving", "wire"},
		[]string{"github.com/maypok86/otter/v2", "github.com/prometheus/client_golang", "go.opentelemetry.io/otel/trace"},
		"The backend of an external Centrifugo speaks HTTP; it must not link a server of its own."},
	{"server/token", []string{"wire"},
		[]string{"github.com/golang-jwt/jwt/v5", "github.com/MicahParks/keyfunc/v3", "github.com/MicahParks/jwkset", "golang.org/x/time/rate"},
		"Tokens are verified without a server, and minted by the command line."},
	{"endpoint", []string{".", "wire"}, []string{"github.com/sony/gobreaker/v2"},
		"Who hands calls on speaks HTTP; it needs no server of ours to be tested or used."},
	{"client", []string{"wire"}, []string{"github.com/centrifugal/protocol", "github.com/coder/websocket"},
		"A program that only calls must not link a router or a server."},
	{"codegen", []string{"contract", "codegen/golang", "codegen/python", "codegen/typescript"}, nil,
		"Generating is a function of the contract; the languages are joined here and nowhere else."},
	{"codegen/golang", []string{"contract"}, nil,
		"A generator knows the contract and its own language; the others' rules must not leak into it."},
	{"codegen/golang/runtest/...", nil, nil,
		"Tests that run generated code; nothing is exported."},
	{"codegen/python", []string{"contract", "sdk/python"}, nil,
		"A generator knows the contract and its own language; the others' rules must not leak into it."},
	{"codegen/typescript", []string{"contract", "sdk/typescript"}, nil,
		"A generator knows the contract and its own language; the others' rules must not leak into it."},
	{"sdk/...", nil, nil,
		"The base clients of other languages are files to be embedded."},
	{"cmd/centrirpc", anything, []string{"golang.org/x/mod"},
		"The command line joins the rooms."},
	{"internal/gopackage", []string{"contract", "contract/gotypes", "contract/gotypes/source"}, nil,
		"Loading a user's router goes through a program of the user's module, not through links to the rest of ours."},
	{"internal/redisclient", nil, []string{"github.com/redis/rueidis"},
		"What is to be known of an address and of the Redis there is the same for calls and for publications."},
	{"internal/centrifugoconfig", []string{"contract"}, nil,
		"A configuration is a function of the contract and of what its user says."},
	{"internal/centrifugodouble", nil, []string{"github.com/centrifugal/centrifuge", "github.com/golang-jwt/jwt/v5"},
		"What stands in for Centrifugo knows as little of this project as Centrifugo does."},
	{"internal/testserver", []string{"wire"}, []string{"github.com/centrifugal/centrifuge", "github.com/golang-jwt/jwt/v5"},
		"The clients are tested against the Centrifuge library itself, not against our server."},
	{"internal/...", []string{"internal/loopback", "internal/tools"}, nil,
		"Other internal packages are tests of the repository."},
	{"explorer", []string{".", "contract"}, nil,
		"The explorer is a page about a contract."},
	{"examples/...", []string{".", "calls/redisstore", "client", "endpoint", "server", "server/centrifugo", "server/token", "wire", "examples/..."}, []string{"modernc.org/sqlite", "github.com/go-playground/validator/v10"},
		"Examples use what users can use, and bring their own storage."},
	{"conformance/...", []string{".", "client", "conformance/...", "internal/tools", "server", "server/centrifugo", "wire"}, []string{"github.com/google/uuid"},
		"The suite stands outside: it uses what users can use, and the tools that tests ask for."},
	{"e2e", nil, nil,
		"End to end tests are tests only."},
	{"e2e/faults", nil, nil,
		"Fault tests are tests only."},
	{"e2e/faults/drivers/go", []string{"client"}, nil,
		"A client under test links what a user's client links."},
	{"e2e/faults/server", []string{".", "calls", "calls/redisstore", "endpoint", "server", "server/centrifugo"}, nil,
		"A node under test is built as a user's is."},
}

// closed are rooms and modules that only some may import.
var closed = []struct {
	what  string
	to    []string
	tests bool // whether tests may
	why   string
}{
	{"cmd/...", []string{"cmd/..."}, false, "Commands are run, not imported."},
	{"examples/...", []string{"examples/..."}, false, "Examples are read, not imported."},
	{"explorer", []string{"cmd/...", "explorer"}, false, "Serving the explorer is the command line's."},
	{"bench/...", nil, false, "Measurements are a module of their own."},
	{"e2e/realworld/...", nil, false, "So are the tests with other people's types: nobody who uses centrirpc gets their libraries."},
	{"k8s.io/...", nil, false, "Other people's types are for e2e/realworld."},
	{"conformance/...", []string{"conformance/...", "e2e", "e2e/faults"}, false, "The suite is for tests from outside."},
	{"github.com/centrifugal/centrifuge/...", []string{"server", "internal/centrifugodouble", "internal/testserver"}, true, "Only the embedded server is built on the Centrifuge library."},
	{"github.com/redis/rueidis/...", []string{"calls/redisstore", "internal/redisclient", "server"}, true, "Only the Redis store knows Redis, and the server where it is."},
	{"github.com/santhosh-tekuri/jsonschema/...", nil, true, "JSON Schema is checked in tests."},
	{"github.com/yuin/goldmark/...", nil, true, "Markdown is parsed in tests."},
	{"github.com/stretchr/testify/...", nil, false, "Tests use the standard library."},
}

// unlinked is what must not come in by any way, however long.
var unlinked = []struct {
	pkg  string
	ways []string
	why  string
}{
	{".", []string{"net/http", "testing", "github.com/centrifugal/...", "github.com/coder/websocket", "github.com/redis/...", "github.com/prometheus/...", "go.opentelemetry.io/...", "modernc.org/...", "golang.org/x/tools/..."},
		"A user's handlers and their tests stay light."},
	{"calls/memstore", []string{"github.com/redis/...", "github.com/centrifugal/..."},
		"Who keeps calls in memory needs no Redis."},
	{"calls", []string{"go.opentelemetry.io/...", "github.com/prometheus/..."},
		"Calls tell an observer and a tracer, and do not know whom."},
	{"internal/serving", []string{"go.opentelemetry.io/...", "github.com/prometheus/..."},
		"What the ways of serving share beside metrics and traces is of use without them."},
	{"calls/redisstore", []string{"testing", "net/http", "github.com/centrifugal/..."},
		"A store knows no transport."},
	{"client", []string{".", "calls", "contract", "server", "github.com/centrifugal/centrifuge", "github.com/redis/...", "github.com/prometheus/...", "go.opentelemetry.io/...", "github.com/go-playground/..."},
		"A program that only calls must not link a server."},
	{"server/centrifugo", []string{"testing", "server", "client", "codegen/...", "github.com/centrifugal/...", "github.com/redis/...", "golang.org/x/tools/...", "modernc.org/..."},
		"A backend of Centrifugo links no server of its own."},
	{"server", []string{"testing", "golang.org/x/tools/...", "modernc.org/...", "go.opentelemetry.io/otel/sdk/...", "codegen/...", "client"},
		"A server links neither generators nor storage that it does not use."},
}
