package server_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/server"
)

// The table of PROTOCOL.md, section 6.1: what a client hears of a token that is
// not good, at connect and at refresh. Codes from 3000 on close the connection.
func TestTokenFaults(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	hour := time.Now().Add(time.Hour).Unix()
	past := time.Now().Add(-time.Hour).Unix()
	hmac := func(claims jwt.MapClaims) string { return jwtWith(t, "HS256", []byte(secret), claims) }
	good := hmac(jwt.MapClaims{"sub": "456", "exp": hour})
	outcome := func(c *rawClient, id uint32, closes bool) int {
		if closes {
			code, _ := c.closed()
			return code
		}
		return int(c.code(id))
	}
	for _, v := range []struct {
		name, token      string
		connect, refresh int
	}{
		{"good", good, 0, 0},
		{"exp behind", hmac(jwt.MapClaims{"sub": "456", "exp": past}), 109, 3005},
		{"nbf ahead", hmac(jwt.MapClaims{"sub": "456", "nbf": hour}), 109, 3005},
		{"expire_at behind", hmac(jwt.MapClaims{"sub": "456", "exp": hour, "expire_at": past}), 110, 110},
		{"another signature", jwtWith(t, "HS256", []byte("wrong"), jwt.MapClaims{"sub": "456"}), 3500, 3500},
		{"another user", hmac(jwt.MapClaims{"sub": "457"}), 0, 3500},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := dial(t, s.url, nil)
			c.send(`{"id":1,"connect":{"token":%q}}`, v.token)
			if got := outcome(c, 1, v.connect >= 3000); got != v.connect {
				t.Errorf("at connect: %d; want %d", got, v.connect)
			}
			c = connected(t, s.url, good)
			c.send(`{"id":2,"refresh":{"token":%q}}`, v.token)
			if got := outcome(c, 2, v.refresh >= 3000); got != v.refresh {
				t.Errorf("at refresh: %d; want %d", got, v.refresh)
			}
		})
	}
}
