package server_test

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
)

type Greeting struct {
	Name string `json:"name" validate:"required"`
}

func hello(_ context.Context, p Greeting) (string, error) { return "Hello, " + p.Name, nil }

// A server that takes tokens, until it is told to stop.
func Example() {
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "hello", hello)
	srv, err := server.New(router, server.Config{TokenHMACSecret: os.Getenv("SECRET")})
	if err != nil {
		log.Fatal(err)
	}
	if err := srv.ListenAndServe(context.Background(), "127.0.0.1:8000", nil); err != nil {
		log.Fatal(err)
	}
}

// Sessions in cookies in place of tokens, beside the application's own pages.
func ExampleConfig_authenticate() {
	sessions := map[string]string{} // session to user
	srv, err := server.New(centrirpc.NewRouter(), server.Config{
		Authenticate: func(r *http.Request, _ string) (server.Identity, error) {
			cookie, err := r.Cookie("session")
			if err != nil {
				return server.Identity{}, err
			}
			user, ok := sessions[cookie.Value]
			if !ok {
				return server.Identity{}, errors.New("the session has ended")
			}
			return server.Identity{UserID: user}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("public")))
	mux.Handle("/connection/", srv)
	mux.Handle("/emulation", srv)
	if err := srv.ListenAndServe(context.Background(), "127.0.0.1:8000", mux); err != nil {
		log.Fatal(err)
	}
}
