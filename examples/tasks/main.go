// Command tasks is the demo application of centrirpc: a task board whose open
// pages follow each other.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/centrirpc/centrirpc/examples/tasks/api"
	"github.com/centrirpc/centrirpc/examples/tasks/store"
	"github.com/centrirpc/centrirpc/examples/tasks/web"
	"github.com/centrirpc/centrirpc/server/token"
)

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "", "`address` to listen on; port 0 takes a free one (default 127.0.0.1:8000, or :9000 behind Centrifugo)")
	flag.StringVar(&o.db, "db", "tasks.db", "SQLite `file`, made if it is not there")
	flag.StringVar(&o.secret, "secret", "", "`secret` that signs tokens, best 32 random bytes, the same on all nodes; also CENTRIRPC_SECRET (default a random one), or behind Centrifugo CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY")
	redis := flag.String("redis", "", "`URLs`, with commas between them, of the Redis that all nodes share, such as redis://127.0.0.1:6379; also CENTRIRPC_REDIS (default: this is the only node)")
	prefix := flag.String("redis-prefix", "", "`text` that begins all names in Redis; systems that share one take different ones, for databases of it do not keep publications apart; also CENTRIRPC_REDIS_PREFIX (default centrirpc)")
	flag.StringVar(&o.centrifugo.url, "centrifugo", "", "serve as the backend of the Centrifugo at this `URL`, such as http://127.0.0.1:8000; also TASKS_CENTRIFUGO (default: clients connect to this program)")
	flag.StringVar(&o.centrifugo.public, "centrifugo-public", "", "`URL` at which browsers reach Centrifugo, or / for the one that they have the page from; also TASKS_CENTRIFUGO_PUBLIC (default that of -centrifugo)")
	flag.StringVar(&o.centrifugo.apiKey, "centrifugo-api-key", "", "Centrifugo's http_api.`key`; better in CENTRIFUGO_HTTP_API_KEY, as Centrifugo has it, for other users of a machine see flags")
	flag.StringVar(&o.centrifugo.secret, "centrifugo-secret", "", "`secret` that Centrifugo proves itself with; better in CENTRIFUGO_VAR_CENTRIRPC_SECRET, as Centrifugo has it")
	check := flag.String("check", "", "ask this `URL`, such as http://127.0.0.1:8000/ready, and exit with status 1 unless all is well there: for containers, which may have no other program")
	var comments django
	comments.defineFlags()
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "tasks: %q is no flag; run tasks -h\n", flag.Arg(0))
		os.Exit(2)
	}
	if *check != "" {
		if err := isWell(*check); err != nil {
			fmt.Fprintln(os.Stderr, "tasks:", err)
			os.Exit(1)
		}
		return
	}
	o.redis, o.prefix = given("-redis", *redis, "CENTRIRPC_REDIS"), given("-redis-prefix", *prefix, "CENTRIRPC_REDIS_PREFIX")
	o.complete(os.Getenv)
	if err := run(&o, comments); err != nil {
		fmt.Fprintln(os.Stderr, "tasks:", err)
		os.Exit(1)
	}
}

// isWell asks a URL, which is to answer with status 200 within three seconds.
func isWell(url string) error {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// run serves until the process gets SIGINT or SIGTERM.
func run(o *options, comments django) error {
	if err := o.check(); err != nil {
		return err
	}
	endpoint, err := comments.endpoint()
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), o.db)
	if err != nil {
		return err
	}
	defer db.Close()
	// A port that others know is not taken before all is ready: who connects to it
	// would wait in vain while Redis is looked for. One that is chosen now is known
	// to nobody yet.
	var listener net.Listener
	if strings.HasSuffix(o.addr, ":0") {
		if listener, err = listen(o.addr); err != nil {
			return err
		}
		defer listener.Close()
		o.addr = listener.Addr().String()
	}
	router := api.NewRouter(api.NewService(db), endpoint)
	served, err := o.serve(router, nodeName(o.addr))
	if err != nil {
		return asTyped(err, o.redis, o.prefix)
	}
	defer served.close()
	if listener == nil {
		if listener, err = listen(o.addr); err != nil {
			return err
		}
		defer listener.Close()
	}

	mux := http.NewServeMux()
	mux.Handle("/", web.Handler(served.connect...))
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) { handToken(w, r, o.secret, served.connect) })
	for _, path := range served.paths {
		mux.Handle(path, served)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	return served.Serve(context.Background(), listener, mux)
}

func listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w; choose another address with -addr, such as 127.0.0.1:0 for a free port", err)
	}
	return listener, err
}

// nodeName is where a node on one's own machine listens. Names and addresses of other
// machines are not for everybody who opens the page.
func nodeName(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return ""
	}
	return addr
}

// handToken gives anybody a token for any user: this is a demo. A real
// application does this for the user of its own session. With the token it says where
// to connect, if that is not here.
func handToken(w http.ResponseWriter, r *http.Request, secret string, connect []string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	user := r.FormValue("user")
	signed, err := token.Sign(secret, token.Claims{UserID: user, ExpiresAt: time.Now().Add(time.Hour)})
	answer := map[string]string{"token": signed, "user_id": user}
	if len(connect) > 0 {
		answer["connect"] = connect[0]
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}
