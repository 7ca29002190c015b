package token_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/server/token"
)

func TestSignedTokenIsVerified(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	want := token.Claims{
		UserID:              "456",
		ExpiresAt:           now.Add(time.Hour),
		NotBefore:           now.Add(-time.Hour),
		IssuedAt:            now,
		ConnectionExpiresAt: now.Add(2 * time.Hour),
		ID:                  "id",
		Issuer:              "login",
		Audience:            []string{"tasks"},
		Info:                json.RawMessage(`{"name":"Ann"}`),
		Meta:                json.RawMessage(`{"role":"admin"}`),
		Channels:            []string{"tasks"},
	}
	s, err := token.Sign(secret, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier(t, token.Config{HMACSecret: secret, Audience: "tasks", Issuer: "login"}).Verify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A token with nothing but a user says nothing but the user.
func TestSignWritesWhatIsSet(t *testing.T) {
	s, err := token.Sign(secret, token.Claims{UserID: "456"})
	if err != nil {
		t.Fatal(err)
	}
	if body := decoded(t, strings.Split(s, ".")[1]); body != `{"sub":"456"}` {
		t.Errorf("claims %s", body)
	}
}

func TestSignRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		secret string
		claims token.Claims
		want   string
	}{
		"an empty secret":      {"", token.Claims{UserID: "1"}, "the secret is empty"},
		"an empty user":        {secret, token.Claims{}, "the user id is empty"},
		"a user with a comma":  {secret, token.Claims{UserID: "1,2"}, `"1,2"`},
		"meta that is no JSON": {secret, token.Claims{UserID: "1", Meta: json.RawMessage("{")}, "Meta is not JSON"},
		"info that is no JSON": {secret, token.Claims{UserID: "1", Info: json.RawMessage("x")}, "Info is not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := token.Sign(c.secret, c.claims); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want one with %q", err, c.want)
			}
		})
	}
}
