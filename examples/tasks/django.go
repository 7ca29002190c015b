package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
)

// django says where the Django project is that has the comments.
type django struct{ url, secret string }

func (d *django) defineFlags() {
	flag.StringVar(&d.url, "django", "", "ask the Django project of examples/django at this `URL` for comments, such as http://127.0.0.1:9001/rpc; also TASKS_DJANGO (default: comments are unavailable)")
	flag.StringVar(&d.secret, "django-secret", "", "`secret` of that project; better in CENTRIRPC_PROXY_SECRET, as the project has it, for other users of a machine see flags")
}

// endpoint is where the calls of the project's methods go, or nil.
func (d *django) endpoint() (centrirpc.Endpoint, error) {
	url, secret := cmp.Or(d.url, os.Getenv("TASKS_DJANGO")), cmp.Or(d.secret, os.Getenv("CENTRIRPC_PROXY_SECRET"))
	switch {
	case url == "" && d.secret != "":
		return nil, fmt.Errorf("-django-secret is for -django, which is missing: give the project's endpoint, such as -django http://127.0.0.1:9001/rpc")
	case url == "":
		return nil, nil
	case secret == "":
		return nil, fmt.Errorf("-django needs the secret by which the project knows this program: give CENTRIRPC_PROXY_SECRET, the same as the project has, or -django-secret")
	}
	http, err := endpoint.New(endpoint.Config{URL: url, Secret: secret})
	if err != nil {
		return nil, fmt.Errorf("-django and -django-secret: %w", err)
	}
	return http, nil
}
