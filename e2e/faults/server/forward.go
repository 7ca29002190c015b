package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/endpoint"
)

// places are where a contract's methods are served, once more for each: "prefix=URL".
type places []string

// String implements flag.Value.
func (p *places) String() string { return strings.Join(*p, " ") }

// Set implements flag.Value.
func (p *places) Set(place string) error {
	if prefix, url, found := strings.Cut(place, "="); !found || prefix == "" || url == "" {
		return fmt.Errorf("%q is not of the form prefix=URL", place)
	}
	*p = append(*p, place)
	return nil
}

// forward mounts the methods of the contract in a file at each place, under its prefix.
func (p *places) forward(router *centrirpc.Router, file, secret string) error {
	if len(*p) == 0 {
		return nil
	}
	contract, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, place := range *p {
		prefix, url, _ := strings.Cut(place, "=")
		there, err := endpoint.New(endpoint.Config{URL: url, Secret: secret})
		if err != nil {
			return err
		}
		centrirpc.Forward(router.Group(prefix), contract, there, centrirpc.TypePrefix("Remote"))
	}
	return nil
}
