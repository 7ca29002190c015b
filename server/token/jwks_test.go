package token_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/server/token"
)

// issuer serves a key set that a test can change, and counts who asks for it.
type issuer struct {
	*httptest.Server
	mu    sync.Mutex
	body  []byte
	asked int
}

func newIssuer(t *testing.T, body []byte) *issuer {
	i := &issuer{body: body}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.body == nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(i.body)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(body []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.body = body
}

func (i *issuer) requests() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// keySet is a JWKS with the public halves of the named keys, each under its own
// name as kid.
func keySet(t *testing.T, names ...string) []byte {
	t.Helper()
	set := jwkset.NewMemoryStorage()
	for _, name := range names {
		public := keys()[name].private.(crypto.Signer).Public()
		k, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: name}})
		if err != nil {
			t.Fatal(err)
		}
		if err := set.KeyWrite(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	body, err := set.JSONPublic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func withKid(t *testing.T, alg, kid string, key any) string {
	t.Helper()
	j := jwt.NewWithClaims(jwt.GetSigningMethod(alg), jwt.MapClaims{"sub": "456"})
	j.Header["kid"] = kid
	s, err := j.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJWKS(t *testing.T) {
	i := newIssuer(t, keySet(t, "rsa", "p256", "ed25519"))
	v := verifier(t, token.Config{JWKSURL: i.URL})
	for kid, alg := range map[string]string{"rsa": "RS256", "p256": "ES256", "ed25519": "EdDSA"} {
		c, err := v.Verify(t.Context(), withKid(t, alg, kid, keys()[kid].private))
		if err != nil || c.UserID != "456" {
			t.Errorf("%s: %+v, %v", kid, c, err)
		}
	}
	if i.requests() != 1 {
		t.Errorf("%d requests for known keys; want 1", i.requests())
	}
	for name, bad := range map[string]string{
		"another key under this kid":   withKid(t, "RS256", "rsa", keys()["rsa2"].private),
		"another algorithm's kid":      withKid(t, "ES256", "rsa", keys()["p256"].private),
		"HMAC with a public key's PEM": withKid(t, "HS256", "rsa", []byte(keys()["rsa"].public)),
		"no kid":                       signed(t, "RS256", keys()["rsa"].private, jwt.MapClaims{"sub": "456"}),
	} {
		if _, err := v.Verify(t.Context(), bad); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v; want ErrInvalid", name, err)
		}
	}
}

// A new kid is found by reading the set again, once: made-up kids cannot make
// the server hammer the issuer.
func TestJWKSUnknownKid(t *testing.T) {
	i := newIssuer(t, keySet(t, "rsa"))
	v := verifier(t, token.Config{JWKSURL: i.URL})
	i.serve(keySet(t, "rsa", "rsa2"))
	if _, err := v.Verify(t.Context(), withKid(t, "RS256", "rsa2", keys()["rsa2"].private)); err != nil {
		t.Fatalf("a rotated key: %v", err)
	}
	for range 5 {
		_, err := v.Verify(t.Context(), withKid(t, "RS256", "made-up", keys()["rsa2"].private))
		if !errors.Is(err, token.ErrUnavailable) {
			t.Errorf("error %v; want ErrUnavailable", err)
		}
	}
	if i.requests() != 2 {
		t.Errorf("%d requests; want 2", i.requests())
	}
}

func TestJWKSUnknownKidOfAReachableIssuer(t *testing.T) {
	i := newIssuer(t, keySet(t, "rsa"))
	v := verifier(t, token.Config{JWKSURL: i.URL})
	if _, err := v.Verify(t.Context(), withKid(t, "RS256", "made-up", keys()["rsa2"].private)); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("error %v; want ErrInvalid", err)
	}
}

func TestJWKSOutage(t *testing.T) {
	i := newIssuer(t, keySet(t, "rsa"))
	var log bytes.Buffer
	v := verifier(t, token.Config{JWKSURL: i.URL, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	i.serve(nil)
	if _, err := v.Verify(t.Context(), withKid(t, "RS256", "rsa2", keys()["rsa2"].private)); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("an unknown kid in an outage: %v; want ErrUnavailable", err)
	}
	if !strings.Contains(log.String(), "the known keys stay in use") {
		t.Errorf("log %q", log.String())
	}
	if _, err := v.Verify(t.Context(), withKid(t, "RS256", "rsa", keys()["rsa"].private)); err != nil {
		t.Errorf("a known key in an outage: %v", err)
	}
}

func TestJWKSAtStart(t *testing.T) {
	gone := newIssuer(t, nil)
	gone.Close()
	for name, address := range map[string]string{
		"unreachable": gone.URL,
		"an error":    newIssuer(t, nil).URL,
		"no JSON":     newIssuer(t, []byte("<html>")).URL,
	} {
		if _, err := token.NewVerifier(token.Config{JWKSURL: address}); err == nil || !strings.Contains(err.Error(), "the JWKS at "+address+" cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := token.NewVerifier(token.Config{JWKSURL: newIssuer(t, []byte(`{"keys":[]}`)).URL}); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("no keys: %v", err)
	}
}

// A symmetric key in a key set that anybody can read must not verify anything.
func TestJWKSSymmetricKey(t *testing.T) {
	body, err := json.Marshal(map[string]any{"keys": []any{map[string]any{"kty": "oct", "kid": "shared", "k": base64.RawURLEncoding.EncodeToString([]byte(secret))}}})
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, token.Config{JWKSURL: newIssuer(t, body).URL})
	if _, err := v.Verify(t.Context(), withKid(t, "HS256", "shared", []byte(secret))); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("error %v; want ErrInvalid", err)
	}
}

// Keys given in the configuration serve tokens that the set does not know.
func TestJWKSBesideGivenKeys(t *testing.T) {
	v := verifier(t, token.Config{JWKSURL: newIssuer(t, keySet(t, "rsa")).URL, PublicKeys: []string{keys()["rsa2"].public}, HMACSecret: secret})
	for name, s := range map[string]string{
		"set":   withKid(t, "RS256", "rsa", keys()["rsa"].private),
		"given": signed(t, "RS256", keys()["rsa2"].private, jwt.MapClaims{"sub": "456"}),
		"hmac":  signed(t, "HS256", []byte(secret), jwt.MapClaims{"sub": "456"}),
	} {
		if _, err := v.Verify(t.Context(), s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
