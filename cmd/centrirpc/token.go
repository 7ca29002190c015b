package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/centrirpc/centrirpc/server/token"
)

func tokenCommand() *command {
	return &command{
		name:    "token",
		usage:   "-user ID [-secret SECRET] [-ttl DURATION] [-info JSON] [-meta JSON]",
		summary: "Mint a connection token",
		text: `The token is a JWT signed with HS256: it is good for this server and for
Centrifugo, if they have the same HMAC secret.

The secret is read from CENTRIRPC_SECRET if -secret is not given. Better so: other
users of the machine can see the arguments of running programs.

Examples:
  centrirpc token -user 42 -secret change-me
  CENTRIRPC_SECRET=change-me centrirpc token -user 42 -ttl 10m -meta '{"role":"admin"}'`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var (
				user   = flags.String("user", "", "the user's `id` (required)")
				secret = flags.String("secret", "", "the HMAC `secret` (default $CENTRIRPC_SECRET)")
				ttl    = flags.Duration("ttl", time.Hour, "how long the token is valid, such as 10m or 24h; 0 means for ever")
				info   = flags.String("info", "", "`JSON` about the connection that other clients may see")
				meta   = flags.String("meta", "", "`JSON` about the connection for the server only")
			)
			return func(e *environment, args []string) (int, error) {
				secret := cmp.Or(*secret, os.Getenv("CENTRIRPC_SECRET"))
				switch {
				case len(args) > 0:
					return usagef("token takes flags only, not %q", args)
				case *user == "":
					return usagef("give the user's id with -user")
				case secret == "":
					return usagef("give the secret with -secret or in CENTRIRPC_SECRET")
				case *ttl < 0:
					return usagef("-ttl %v: a token cannot expire before it is made", *ttl)
				case *ttl > 0 && *ttl < time.Second:
					return usagef("-ttl %v: give at least 1s", *ttl)
				}
				now := time.Now()
				claims := token.Claims{UserID: *user, IssuedAt: now}
				if *ttl > 0 {
					claims.ExpiresAt = now.Add(*ttl)
				}
				for _, f := range []struct {
					name, text string
					to         *json.RawMessage
				}{{"info", *info, &claims.Info}, {"meta", *meta, &claims.Meta}} {
					if f.text == "" {
						continue
					}
					if !json.Valid([]byte(f.text)) {
						return usagef("-%s %s: it is not JSON", f.name, f.text)
					}
					*f.to = json.RawMessage(f.text)
				}
				signed, err := token.Sign(secret, claims)
				if err != nil {
					return usagef("%v", err)
				}
				fmt.Fprintln(e.stdout, signed)
				return exitOK, nil
			}
		},
	}
}
