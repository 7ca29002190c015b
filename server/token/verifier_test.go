package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/server/token"
)

const secret = "a secret of thirty-two bytes, ok"

// keyPair is a private key and its public half in PEM.
type keyPair struct {
	private crypto.PrivateKey
	public  string
}

func pair(private crypto.Signer) keyPair {
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		panic(err)
	}
	return keyPair{private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

// keys are made once: RSA keys take a while.
var keys = sync.OnceValue(func() map[string]keyPair {
	made := map[string]keyPair{}
	for _, name := range []string{"rsa", "rsa2"} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		made[name] = pair(k)
	}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			panic(err)
		}
		made[name] = pair(k)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	made["ed25519"] = pair(ed)
	return made
})

func verifier(t *testing.T, cfg token.Config) *token.Verifier {
	t.Helper()
	v, err := token.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func signed(t *testing.T, alg string, key any, claims jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryAlgorithm(t *testing.T) {
	k := keys()
	all := []string{k["rsa"].public, k["p256"].public, k["p384"].public, k["p521"].public, k["ed25519"].public}
	v := verifier(t, token.Config{HMACSecret: secret, PublicKeys: all})
	signers := map[string]any{
		"HS256": []byte(secret), "HS384": []byte(secret), "HS512": []byte(secret),
		"RS256": k["rsa"].private, "RS384": k["rsa"].private, "RS512": k["rsa"].private,
		"PS256": k["rsa"].private, "PS384": k["rsa"].private, "PS512": k["rsa"].private,
		"ES256": k["p256"].private, "ES384": k["p384"].private, "ES512": k["p521"].private,
		"EdDSA": k["ed25519"].private,
	}
	for alg, key := range signers {
		t.Run(alg, func(t *testing.T) {
			good := signed(t, alg, key, jwt.MapClaims{"sub": "456"})
			claims, err := v.Verify(t.Context(), good)
			if err != nil || claims.UserID != "456" {
				t.Fatalf("claims %+v, error %v", claims, err)
			}
			// The same token with another user in it.
			parts := strings.Split(good, ".")
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"457"}`))
			if _, err := v.Verify(t.Context(), strings.Join(parts, ".")); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("tampered claims: %v; want ErrInvalid", err)
			}
			// A verifier that was not given this key.
			rest := verifier(t, token.Config{HMACSecret: "another secret"})
			if alg[:2] == "HS" {
				rest = verifier(t, token.Config{PublicKeys: all})
			}
			if _, err := rest.Verify(t.Context(), good); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("without its key: %v; want ErrInvalid", err)
			}
		})
	}
}

func TestAlgorithmMustFitTheKey(t *testing.T) {
	k := keys()
	rsaOnly := verifier(t, token.Config{PublicKeys: []string{k["rsa"].public}})
	both := verifier(t, token.Config{HMACSecret: secret, PublicKeys: []string{k["rsa"].public}})
	p384 := verifier(t, token.Config{PublicKeys: []string{k["p384"].public}})
	claims := jwt.MapClaims{"sub": "456"}
	none := signed(t, "none", jwt.UnsafeAllowNoneSignatureType, claims)
	cases := []struct {
		name  string
		by    *token.Verifier
		token string
	}{
		{"none", rsaOnly, none},
		{"none with every kind of key", both, none},
		{"None in another case", both, "eyJhbGciOiJOT05FIn0." + strings.Split(none, ".")[1] + "."},
		{"HMAC with the RSA key's PEM as the secret", rsaOnly, signed(t, "HS256", []byte(k["rsa"].public), claims)},
		{"the same where HMAC is allowed", both, signed(t, "HS256", []byte(k["rsa"].public), claims)},
		{"another RSA key", rsaOnly, signed(t, "RS256", k["rsa2"].private, claims)},
		{"ES256 on a P-384 key", p384, signed(t, "ES256", k["p256"].private, claims)},
		{"EdDSA on an RSA key", rsaOnly, signed(t, "EdDSA", k["ed25519"].private, claims)},
		{"no algorithm", both, base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT"}`)) + ".e30.e30"},
		{"an unknown algorithm", both, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"XS256"}`)) + ".e30.e30"},
		{"an algorithm that is no string", both, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":1}`)) + ".e30.e30"},
		{"empty", both, ""},
		{"not a token", both, "secret"},
		{"four parts", both, "a.b.c.d"},
		{"a token within a token's size", both, strings.Repeat("A", 60000) + "." + "e30.e30"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.by.Verify(t.Context(), c.token); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("claims %+v, error %v; want ErrInvalid", got, err)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	v := verifier(t, token.Config{HMACSecret: secret})
	lenient := verifier(t, token.Config{HMACSecret: secret, Leeway: time.Minute})
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	cases := []struct {
		name   string
		by     *token.Verifier
		claims jwt.MapClaims
		want   error
	}{
		{"no exp", v, jwt.MapClaims{"sub": "1"}, nil},
		{"exp ahead", v, jwt.MapClaims{"sub": "1", "exp": at(time.Hour)}, nil},
		{"expired", v, jwt.MapClaims{"sub": "1", "exp": at(-time.Second)}, token.ErrExpired},
		{"expired within the leeway", lenient, jwt.MapClaims{"sub": "1", "exp": at(-30 * time.Second)}, nil},
		{"expired beyond the leeway", lenient, jwt.MapClaims{"sub": "1", "exp": at(-2 * time.Minute)}, token.ErrExpired},
		{"not yet valid", v, jwt.MapClaims{"sub": "1", "nbf": at(time.Hour)}, token.ErrNotYetValid},
		{"not yet valid within the leeway", lenient, jwt.MapClaims{"sub": "1", "nbf": at(30 * time.Second)}, nil},
		{"expired and without a sub", v, jwt.MapClaims{"exp": at(-time.Hour)}, token.ErrExpired},
		{"exp of the wrong type", v, jwt.MapClaims{"sub": "1", "exp": "soon"}, token.ErrInvalid},
		{"exp out of every range", v, jwt.MapClaims{"sub": "1", "exp": -1e300}, token.ErrExpired},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.by.Verify(t.Context(), signed(t, "HS256", []byte(secret), c.claims))
			if !errors.Is(err, c.want) {
				t.Errorf("error %v; want %v", err, c.want)
			}
		})
	}
	t.Run("an expired token with a bad signature is invalid", func(t *testing.T) {
		_, err := v.Verify(t.Context(), signed(t, "HS256", []byte("wrong"), jwt.MapClaims{"sub": "1", "exp": at(-time.Hour)}))
		if !errors.Is(err, token.ErrInvalid) || errors.Is(err, token.ErrExpired) {
			t.Errorf("error %v; want ErrInvalid only", err)
		}
	})
}

func TestSubjectAudienceIssuer(t *testing.T) {
	strict := verifier(t, token.Config{HMACSecret: secret, Audience: "tasks", Issuer: "login"})
	good := jwt.MapClaims{"sub": "1", "aud": []string{"other", "tasks"}, "iss": "login"}
	with := func(name string, value any) jwt.MapClaims {
		c := jwt.MapClaims{}
		for k, v := range good {
			c[k] = v
		}
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return c
	}
	for _, c := range []struct {
		name   string
		claims jwt.MapClaims
		ok     bool
	}{
		{"all as configured", good, true},
		{"aud as one string", with("aud", "tasks"), true},
		{"another aud", with("aud", "other"), false},
		{"no aud", with("aud", nil), false},
		{"another iss", with("iss", "mallory"), false},
		{"no iss", with("iss", nil), false},
		{"no sub", with("sub", nil), false},
		{"an empty sub", with("sub", ""), false},
		{"a sub that is a number", with("sub", 456), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := strict.Verify(t.Context(), signed(t, "HS256", []byte(secret), c.claims))
			if c.ok && err != nil || !c.ok && !errors.Is(err, token.ErrInvalid) {
				t.Errorf("error %v; want ok = %v", err, c.ok)
			}
		})
	}
	lax := verifier(t, token.Config{HMACSecret: secret, AllowNoSubject: true})
	if c, err := lax.Verify(t.Context(), signed(t, "HS256", []byte(secret), jwt.MapClaims{})); err != nil || c.UserID != "" {
		t.Errorf("AllowNoSubject: %+v, %v", c, err)
	}
}

func TestClaimsOfCentrifugo(t *testing.T) {
	v := verifier(t, token.Config{HMACSecret: secret, Leeway: 5 * time.Second})
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	verify := func(claims jwt.MapClaims) token.Claims {
		t.Helper()
		claims["sub"] = "456"
		c, err := v.Verify(t.Context(), signed(t, "HS256", []byte(secret), claims))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := verify(jwt.MapClaims{"meta": map[string]any{"role": "admin"}, "info": map[string]any{"name": "Ann"}, "channels": []string{"tasks"}, "jti": "j", "exp": exp.Unix()})
	if string(c.Meta) != `{"role":"admin"}` || string(c.Info) != `{"name":"Ann"}` || !slices.Equal(c.Channels, []string{"tasks"}) || c.ID != "j" {
		t.Errorf("claims %+v", c)
	}
	if !c.ExpiresAt.Equal(exp) || !c.ConnectionExpiresAt.Equal(exp.Add(5*time.Second)) {
		t.Errorf("expires %v, connection %v; want %v and 5 s later", c.ExpiresAt, c.ConnectionExpiresAt, exp)
	}
	if c := verify(jwt.MapClaims{"exp": exp.Unix(), "expire_at": 0}); !c.ConnectionExpiresAt.IsZero() {
		t.Errorf("expire_at 0: the connection expires at %v; want never", c.ConnectionExpiresAt)
	}
	if c := verify(jwt.MapClaims{"exp": exp.Unix(), "expire_at": exp.Unix() + 60}); !c.ConnectionExpiresAt.Equal(exp.Add(time.Minute)) {
		t.Errorf("expire_at: the connection expires at %v", c.ConnectionExpiresAt)
	}
	if c := verify(jwt.MapClaims{"b64info": base64.StdEncoding.EncodeToString([]byte(`{"a":1}`))}); string(c.Info) != `{"a":1}` {
		t.Errorf("b64info of JSON: %s", c.Info)
	}
	if c := verify(jwt.MapClaims{"b64info": "/w=="}); string(c.Info) != `"/w=="` {
		t.Errorf("b64info of something else: %s", c.Info)
	}
	if c := verify(jwt.MapClaims{"channels": []string{"x"}, "subs": map[string]any{"b": map[string]any{}, "a": map[string]any{"info": 1}}}); !slices.Equal(c.Channels, []string{"a", "b"}) {
		t.Errorf("subs: %v", c.Channels)
	}
	if c := verify(jwt.MapClaims{"info": nil, "meta": nil}); c.Info != nil || c.Meta != nil {
		t.Errorf("null: %+v", c)
	}
	bad := signed(t, "HS256", []byte(secret), jwt.MapClaims{"sub": "1", "b64info": "not base64!"})
	if _, err := v.Verify(t.Context(), bad); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("b64info that is no base64: %v", err)
	}
}

func TestKeysReplaced(t *testing.T) {
	k := keys()
	v := verifier(t, token.Config{PublicKeys: []string{k["rsa2"].public, k["rsa"].public}})
	for _, name := range []string{"rsa", "rsa2"} {
		if _, err := v.Verify(t.Context(), signed(t, "RS256", k[name].private, jwt.MapClaims{"sub": "1"})); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key may come as PKCS #1 or in a certificate, too.
func TestKeyForms(t *testing.T) {
	private := keys()["rsa"].private.(*rsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	for kind, der := range map[string][]byte{
		"RSA PUBLIC KEY": x509.MarshalPKCS1PublicKey(&private.PublicKey),
		"CERTIFICATE":    certificate,
	} {
		v := verifier(t, token.Config{PublicKeys: []string{string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))}})
		if _, err := v.Verify(t.Context(), signed(t, "RS256", private, jwt.MapClaims{"sub": "1"})); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		broken := string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der[1:]}))
		if _, err := token.NewVerifier(token.Config{PublicKeys: []string{broken}}); err == nil {
			t.Errorf("%s: accepted when broken", kind)
		}
	}
}

func TestVerifierConfigErrors(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(small)}))
	for name, c := range map[string]struct {
		cfg  token.Config
		want string
	}{
		"no key":          {token.Config{}, "set HMACSecret, PublicKeys or JWKSURL"},
		"no PEM":          {token.Config{PublicKeys: []string{keys()["rsa"].public, "key"}}, "PublicKeys[1]: not PEM"},
		"a private key":   {token.Config{PublicKeys: []string{private}}, "a public key is needed"},
		"two keys":        {token.Config{PublicKeys: []string{keys()["rsa"].public + keys()["p256"].public}}, "each key on its own"},
		"a small RSA key": {token.Config{PublicKeys: []string{pair(small).public}}, "at least 2048"},
		"another curve":   {token.Config{PublicKeys: []string{pair(p224).public}}, "P-256, P-384 and P-521"},
		"negative leeway": {token.Config{HMACSecret: secret, Leeway: -1}, "must not be negative"},
		"no address":      {token.Config{JWKSURL: "jwks.json"}, "not an http or https address"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := token.NewVerifier(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want one with %q", err, c.want)
			}
		})
	}
}
