package token

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What Verify's errors are, by errors.Is. Their texts never hold the token.
var (
	// ErrExpired means that the token was good once: a new one is worth asking
	// for.
	ErrExpired = errors.New("the token has expired")
	// ErrNotYetValid means that the token will be good: its nbf lies ahead.
	ErrNotYetValid = errors.New("the token is not valid yet")
	// ErrInvalid means that the token will never be good.
	ErrInvalid = errors.New("the token is invalid")
	// ErrUnavailable means that the token could not be judged now, because its
	// key is unknown and the JWKS could not be read.
	ErrUnavailable = errors.New("the token's key could not be fetched")
)

// Config says which tokens are good. At least one key is needed: HMACSecret,
// PublicKeys or JWKSURL.
type Config struct {
	// HMACSecret verifies HS256, HS384 and HS512. Zero means that tokens signed
	// with HMAC are refused.
	HMACSecret string
	// PublicKeys are PEM blocks, one key each. An RSA key verifies RS256/384/512
	// and PS256/384/512, an ECDSA key the ES algorithm of its curve, an Ed25519
	// key EdDSA. Several keys of a kind are all tried, so that a key can be
	// replaced without an outage. Zero means none.
	PublicKeys []string
	// JWKSURL is the http or https address of a JSON Web Key Set. Its RSA, ECDSA and
	// Ed25519 keys verify tokens that name them by kid; symmetric keys in it are
	// never used. Zero means none.
	JWKSURL string
	// Audience must be among the token's aud. Zero means that any will do.
	Audience string
	// Issuer must be the token's iss. Zero means that any will do.
	Issuer string
	// Leeway is how far clocks may disagree about exp and nbf. Zero means none.
	Leeway time.Duration
	// AllowNoSubject accepts tokens without the claim sub. Zero means that they
	// are refused.
	AllowNoSubject bool
	// Logger hears of failed JWKS refreshes. Zero means slog.Default().
	Logger *slog.Logger
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	config  Config
	parser  *jwt.Parser
	public  []crypto.PublicKey
	jwks    *keySet
	hmacKey []byte
}

// NewVerifier checks the configuration and, where there is a JWKS address,
// reads it once: a JWKS that is out of reach at the start is an error. Later
// it is read again every 15 minutes, and for an unknown kid at most every 30
// seconds; when that fails, the known keys stay. Close ends this.
func NewVerifier(cfg Config) (*Verifier, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Leeway < 0 {
		return nil, fmt.Errorf("token: Leeway is %v; it must not be negative", cfg.Leeway)
	}
	v := &Verifier{config: cfg}
	var algs []string
	if cfg.HMACSecret != "" {
		v.hmacKey = []byte(cfg.HMACSecret)
		algs = append(algs, hmacMethods...)
	}
	for i, text := range cfg.PublicKeys {
		key, err := parsePublicKey(text)
		if err != nil {
			return nil, fmt.Errorf("token: PublicKeys[%d]: %w", i, err)
		}
		v.public = append(v.public, key)
		algs = append(algs, methods(key)...)
	}
	if cfg.JWKSURL != "" {
		algs = append(algs, asymmetricMethods...)
	}
	if len(algs) == 0 {
		return nil, errors.New("token: there is no key to verify tokens with: set HMACSecret, PublicKeys or JWKSURL")
	}
	if cfg.JWKSURL != "" {
		set, err := newKeySet(cfg.JWKSURL, cfg.Logger)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		v.jwks = set
	}
	options := []jwt.ParserOption{jwt.WithValidMethods(algs), jwt.WithLeeway(cfg.Leeway), jwt.WithStrictDecoding()}
	if cfg.Audience != "" {
		options = append(options, jwt.WithAudience(cfg.Audience))
	}
	if cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(cfg.Issuer))
	}
	v.parser = jwt.NewParser(options...)
	return v, nil
}

// Verify checks a token's signature, times, audience and issuer and returns its
// claims. The error is one of ErrExpired, ErrNotYetValid, ErrInvalid and
// ErrUnavailable by errors.Is. Only the last waits for anything: at most 5
// seconds for a JWKS to be read again.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	var p payload
	_, err := v.parser.ParseWithClaims(token, &p, func(t *jwt.Token) (any, error) { return v.key(ctx, t) })
	if err != nil {
		return Claims{}, classify(err)
	}
	claims, err := p.claims(v.config.Leeway)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if claims.UserID == "" && !v.config.AllowNoSubject {
		return Claims{}, fmt.Errorf("%w: the claim sub is missing", ErrInvalid)
	}
	return claims, nil
}

// Close ends the background reading of the JWKS. A verifier without one needs
// no closing.
func (v *Verifier) Close() {
	if v.jwks != nil {
		v.jwks.close()
	}
}

// key finds the key or keys that may verify the token. The parser has already
// held its algorithm against those that the configured keys allow.
func (v *Verifier) key(ctx context.Context, t *jwt.Token) (any, error) {
	alg := t.Method.Alg()
	if isHMAC(t.Method) {
		if v.hmacKey == nil {
			return nil, errors.New("no HMAC secret is set")
		}
		return v.hmacKey, nil
	}
	if v.jwks != nil {
		key, err := v.jwks.find(ctx, t)
		switch {
		case err == nil && fits(key, alg):
			return key, nil
		case err == nil:
			return nil, fmt.Errorf("the key of this kid does not verify %s", alg)
		case len(v.public) == 0:
			return nil, err
		}
	}
	var set jwt.VerificationKeySet
	for _, key := range v.public {
		if fits(key, alg) {
			set.Keys = append(set.Keys, key)
		}
	}
	if len(set.Keys) == 0 {
		return nil, fmt.Errorf("no key verifies %s", alg)
	}
	return set, nil
}

func classify(err error) error {
	switch {
	case errors.Is(err, ErrUnavailable):
		return err
	case errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	case errors.Is(err, jwt.ErrTokenInvalidAudience), errors.Is(err, jwt.ErrTokenInvalidIssuer):
		// Whatever its times say, a token for someone else will never be good here.
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrNotYetValid
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}
