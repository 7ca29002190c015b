// Command tasks is the demo application of centrirpc: a task board whose open
// pages follow each other.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
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
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/server/token"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to listen on; port 0 takes a free one")
	db := flag.String("db", "tasks.db", "SQLite `file`, made if it is not there")
	secret := flag.String("secret", "", "`secret` that signs tokens, best 32 random bytes, the same on all nodes; also CENTRIRPC_SECRET (default a random one)")
	redis := flag.String("redis", "", "`URLs`, with commas between them, of the Redis that all nodes share, such as redis://127.0.0.1:6379; also CENTRIRPC_REDIS (default: this is the only node)")
	prefix := flag.String("redis-prefix", "", "`text` that begins all names in Redis; systems that share one take different ones, for databases of it do not keep publications apart; also CENTRIRPC_REDIS_PREFIX (default centrirpc)")
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
	if err := run(*addr, *db, cmp.Or(*secret, os.Getenv("CENTRIRPC_SECRET")), shards(cmp.Or(*redis, os.Getenv("CENTRIRPC_REDIS"))), cmp.Or(*prefix, os.Getenv("CENTRIRPC_REDIS_PREFIX")), comments); err != nil {
		fmt.Fprintln(os.Stderr, "tasks:", err)
		os.Exit(1)
	}
}

// shards are the URLs of a list with commas.
func shards(list string) (urls []string) {
	for url := range strings.SplitSeq(list, ",") {
		if url = strings.TrimSpace(url); url != "" {
			urls = append(urls, url)
		}
	}
	return urls
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

// run serves until the process gets SIGINT or SIGTERM. Without URLs of Redis this is
// the only node.
func run(addr, path, secret string, redis []string, prefix string, comments django) error {
	if secret == "" {
		if len(redis) > 0 {
			return errors.New("with -redis all nodes need the same secret, or each refuses the tokens of the others: give -secret or CENTRIRPC_SECRET, such as the output of openssl rand -hex 32")
		}
		secret = rand.Text()
	}
	endpoint, err := comments.endpoint()
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), path)
	if err != nil {
		return err
	}
	defer db.Close()

	srv, err := server.New(api.NewRouter(api.NewService(db), endpoint), server.Config{
		TokenHMACSecret: secret,
		MaxMessageSize:  1 << 20, // for imports
		Redis:           redis,
		RedisPrefix:     prefix,
	})
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.Handle("/", web.Handler())
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) { handToken(w, r, secret) })
	for _, path := range []string{"/connection/", "/emulation", "/health", "/ready", "/metrics"} {
		mux.Handle(path, srv)
	}
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another address with -addr, such as 127.0.0.1:0 for a free port", err)
	}
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	return srv.Serve(context.Background(), listener, mux)
}

// handToken gives anybody a token for any user: this is a demo. A real
// application does this for the user of its own session.
func handToken(w http.ResponseWriter, r *http.Request, secret string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	user := r.FormValue("user")
	signed, err := token.Sign(secret, token.Claims{UserID: user, ExpiresAt: time.Now().Add(time.Hour)})
	answer := map[string]string{"token": signed, "user_id": user}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}
