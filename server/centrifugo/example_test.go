package centrifugo_test

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server/centrifugo"
)

type Greeting struct {
	Name string `json:"name" validate:"required"`
}

func hello(_ context.Context, p Greeting) (string, error) { return "Hello, " + p.Name, nil }

// The backend of a Centrifugo whose clients have tokens.
func Example() {
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "hello", hello)
	backend, err := centrifugo.New(router, centrifugo.Config{
		APIURL: "http://127.0.0.1:8000/api",
		APIKey: os.Getenv("CENTRIFUGO_HTTP_API_KEY"),
		Secret: os.Getenv("CENTRIFUGO_VAR_CENTRIRPC_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := backend.ListenAndServe(context.Background(), "127.0.0.1:9000", nil); err != nil {
		log.Fatal(err)
	}
}

// Sessions in cookies in place of tokens: Centrifugo forwards the cookie.
func ExampleConfig_authenticate() {
	sessions := map[string]string{} // session to user
	_, err := centrifugo.New(centrirpc.NewRouter(), centrifugo.Config{
		APIURL: "http://127.0.0.1:8000/api",
		APIKey: os.Getenv("CENTRIFUGO_HTTP_API_KEY"),
		Secret: os.Getenv("CENTRIFUGO_VAR_CENTRIRPC_SECRET"),
		Authenticate: func(r *http.Request, _ json.RawMessage) (centrifugo.Identity, error) {
			cookie, err := r.Cookie("session")
			if err != nil {
				return centrifugo.Identity{}, err
			}
			return centrifugo.Identity{UserID: sessions[cookie.Value]}, nil // an empty one is refused
		},
	})
	if err != nil {
		log.Fatal(err)
	}
}
