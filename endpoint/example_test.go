package endpoint_test

import (
	"context"
	_ "embed"
	"fmt"
	"log"
	"os"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
)

//go:embed testdata/shop.json
var shopContract []byte // written by: python -m centrirpc export

// A router that has the methods of a Django project, beside those in Go.
func ExampleNew() {
	_ = os.Setenv("CENTRIRPC_PROXY_SECRET", "from a file, 32 random bytes of it")
	shop, err := endpoint.New(endpoint.Config{
		URL:    "http://127.0.0.1:9000/centrifugo/rpc",
		Secret: os.Getenv("CENTRIRPC_PROXY_SECRET"),
	})
	if err != nil {
		log.Fatal(err)
	}
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "orders.get", func(context.Context, struct{}) (string, error) { return "moved to Go", nil })
	centrirpc.Forward(router, shopContract, shop, centrirpc.Except("orders.get", "orders.wait", "orders.large"))
	for _, m := range router.Methods() {
		fmt.Println(m.Name, m.Forwarded)
	}
	// Output:
	// orders.add true
	// orders.get false
	// orders.left true
	// orders.seen true
	// orders.send true
	// orders.who true
}
