package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
)

func centrifugoConfigCommand() *command {
	return &command{
		name:    "centrifugo-config",
		usage:   "PKG -backend URL [-origin URL]… [-connect] [-header NAME]… [-namespace NAME]… [-redis] [-presence] [-format yaml|json] [-o FILE]",
		summary: "Print a configuration of Centrifugo 6 for a Go package's methods",
		text: packageText + `

The configuration is for a Centrifugo whose backend is a program that serves the
methods with package server/centrifugo. It holds no secrets. Centrifugo reads them
from its environment (6.3 or later):

  CENTRIFUGO_VAR_CENTRIRPC_SECRET           what the backend has as Config.Secret
  CENTRIFUGO_HTTP_API_KEY                   what the backend has as Config.APIKey
  CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY   the secret of the tokens
  CENTRIFUGO_ENGINE_REDIS_ADDRESS           with -redis: redis://user:password@host:6379

Exit codes: 0 done, 2 nothing could be written.

Examples:
  centrirpc centrifugo-config ./api -backend http://127.0.0.1:9000 -origin https://example.com -o centrifugo.yaml
  centrirpc centrifugo-config ./api -backend http://api:9000 -connect -header cookie`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var c centrifugoConfig
			c.contract.define(flags)
			o := &c.options
			flags.StringVar(&o.Backend, "backend", "", "`address` of the backend, such as http://127.0.0.1:9000 (required)")
			flags.Func("origin", "`address` of pages that may connect, such as https://example.com; may be repeated (default none)", appendTo(&o.Origins))
			flags.BoolVar(&o.Connect, "connect", false, "have the backend authenticate clients that send no token")
			flags.Func("header", "`name` of a header of the client's that the backend sees with -connect, such as cookie; may be repeated", appendTo(&o.Headers))
			flags.Func("namespace", "`name` before the \":\" in names of channels that are not typed; may be repeated", appendTo(&o.Namespaces))
			flags.IntVar(&o.MaxMessageSize, "max-message-size", 65536, "largest frame from a client in `bytes`: the backend's Config.MaxMessageSize")
			flags.IntVar(&o.MaxResultSize, "max-result-size", 512<<10, "largest result in `bytes`: the backend's Config.MaxResultSize")
			flags.BoolVar(&o.Redis, "redis", false, "have several Centrifugos share the Redis that CENTRIFUGO_ENGINE_REDIS_ADDRESS names")
			flags.BoolVar(&o.Presence, "presence", false, "let clients see who else is subscribed, on channels that declare it")
			flags.IntVar(&o.Port, "port", 8000, "`port` that Centrifugo listens on")
			flags.StringVar(&c.format, "format", "yaml", "`format` to write: yaml, with comments, or json")
			flags.StringVar(&c.file, "o", "", "write to this `file` instead of standard output (or -)")
			return c.run
		},
	}
}

func appendTo(list *[]string) func(string) error {
	return func(text string) error {
		*list = append(*list, text)
		return nil
	}
}

type centrifugoConfig struct {
	contract     contractFlags
	options      centrifugoconfig.Options
	format, file string
}

const centrifugoConfigHead = `Centrifugo 6.3 or later, in front of a backend that serves centrirpc methods.
Made by: centrirpc centrifugo-config

Secrets are in Centrifugo's environment, not here:
  CENTRIFUGO_VAR_CENTRIRPC_SECRET          proves Centrifugo to the backend
  CENTRIFUGO_HTTP_API_KEY                  proves the backend to Centrifugo
  CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY  verifies the clients' tokens (or see
                                           client.token for public keys)`

const centrifugoConfigRedis = `
  CENTRIFUGO_ENGINE_REDIS_ADDRESS          the Redis that all of them share, such as
                                           redis://user:password@host:6379`

func (c *centrifugoConfig) run(e *environment, args []string) (int, error) {
	pkg, err := one(args, "a package, such as ./api, or a contract.json")
	if err != nil {
		return exitUsage, err
	}
	switch {
	case c.options.Backend == "":
		return usagef("give the backend's address with -backend, such as http://127.0.0.1:9000")
	case c.format != "yaml" && c.format != "json":
		return usagef("-format: %s (yaml or json)", unknown("format", c.format, []string{"yaml", "json"}))
	case len(c.options.Headers) > 0 && !c.options.Connect:
		return usagef("-header %s: headers are forwarded with -connect only", strings.Join(c.options.Headers, ", "))
	}
	described, err := c.contract.read(e, pkg)
	if err != nil {
		return exitUsage, err
	}
	config, err := centrifugoconfig.Make(described, c.options)
	if err != nil {
		return exitUsage, err
	}
	var text []byte
	if c.format == "json" {
		text, err = config.JSON()
	} else {
		head := centrifugoConfigHead
		if c.options.Redis {
			head += centrifugoConfigRedis
		}
		text, err = config.YAML(head)
	}
	if err != nil {
		return exitUsage, err
	}
	if c.file == "" || c.file == "-" {
		_, err = e.stdout.Write(text)
	} else {
		err = writeFile(c.file, text)
	}
	if err != nil {
		return exitUsage, fmt.Errorf("writing the configuration: %w", err)
	}
	return exitOK, nil
}
