package token_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/server/token"
)

func decoded(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzVerify feeds whole tokens: whatever comes in, the answer is one of the
// documented errors, and nothing but a token signed with the secret is good.
func FuzzVerify(f *testing.F) {
	v, err := token.NewVerifier(token.Config{HMACSecret: secret, PublicKeys: []string{keys()["p256"].public}, Leeway: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	good, err := token.Sign(secret, token.Claims{UserID: "456"})
	if err != nil {
		f.Fatal(err)
	}
	signature := good[strings.LastIndexByte(good, '.'):]
	f.Add(good)
	f.Add(good + "=")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiI0NTYifQ.")
	f.Add("e30.bnVsbA.")
	f.Fuzz(func(t *testing.T, s string) {
		_, err := v.Verify(t.Context(), s)
		switch {
		case err == nil:
			if !strings.HasSuffix(s, signature) {
				t.Fatalf("accepted %q", s)
			}
		case !errors.Is(err, token.ErrInvalid) && !errors.Is(err, token.ErrExpired) && !errors.Is(err, token.ErrNotYetValid):
			t.Fatalf("an undocumented error: %v", err)
		case len(s) > 40 && strings.Contains(err.Error(), s):
			t.Fatalf("the error holds the token: %v", err)
		}
	})
}

// FuzzClaims feeds claims under a good signature.
func FuzzClaims(f *testing.F) {
	v, err := token.NewVerifier(token.Config{HMACSecret: secret, Leeway: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		`{"sub":"1"}`, `null`, `[]`, `{"sub":null}`, `{"sub":"1","exp":1e400}`, `{"sub":"1","exp":-1e300,"nbf":1e300}`,
		`{"sub":"1","aud":[1]}`, `{"sub":"1","b64info":"AA=="}`, `{"sub":"1","subs":{"a":null}}`, `{"sub":"1","expire_at":9223372036854775807}`,
	} {
		f.Add([]byte(s))
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		text := head + "." + base64.RawURLEncoding.EncodeToString(body)
		sig, err := jwt.SigningMethodHS256.Sign(text, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		c, err := v.Verify(t.Context(), text+"."+base64.RawURLEncoding.EncodeToString(sig))
		if err != nil {
			return
		}
		if c.UserID == "" {
			t.Fatal("accepted without a sub")
		}
		for _, raw := range []json.RawMessage{c.Info, c.Meta} {
			if len(raw) > 0 && !json.Valid(raw) {
				t.Fatalf("not JSON: %q", raw)
			}
		}
	})
}
