package token

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	jwksRefreshInterval = 15 * time.Minute
	jwksFirstTimeout    = 10 * time.Second
	// An unknown kid makes the set be read again, but anyone can make up kids:
	// at most one reading in this time, and nobody waits longer than that.
	jwksUnknownKidEvery = 30 * time.Second
	jwksUnknownKidWait  = 5 * time.Second
)

// keySet is a JWKS read over HTTP.
type keySet struct {
	keys   jwkset.Storage
	cancel context.CancelFunc
}

// refreshFailed is the context key of a *bool that becomes true when the set
// could not be read again: "the set does not have this kid" and "the set is out
// of reach" are different answers to a client.
type refreshFailed struct{}

func newKeySet(address string, log *slog.Logger) (*keySet, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("JWKSURL %q is not an http or https address", address)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stored, err := jwkset.NewStorageFromHTTP(address, jwkset.HTTPClientStorageOptions{
		Ctx:             ctx,
		HTTPTimeout:     jwksFirstTimeout,
		RefreshInterval: jwksRefreshInterval,
		RefreshErrorHandler: func(ctx context.Context, err error) {
			if failed, ok := ctx.Value(refreshFailed{}).(*bool); ok {
				*failed = true
			}
			log.Warn("JWKS could not be read again; the known keys stay in use", "address", u.Redacted(), "error", err)
		},
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("the JWKS at %s cannot be read: %w", u.Redacted(), err)
	}
	if known, err := stored.KeyReadAll(ctx); err != nil || len(known) == 0 {
		cancel()
		return nil, fmt.Errorf("the JWKS at %s holds no key that can be used", u.Redacted())
	}
	client, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs:          map[string]jwkset.Storage{address: stored},
		RateLimitWaitMax:  jwksUnknownKidWait,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(jwksUnknownKidEvery), 1),
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("JWKS: %w", err)
	}
	return &keySet{keys: client, cancel: cancel}, nil
}

// find is the public key that the token names by its kid, if the set allows it
// for the token's algorithm.
func (s *keySet) find(ctx context.Context, t *jwt.Token) (crypto.PublicKey, error) {
	kid, ok := t.Header["kid"].(string)
	if !ok || kid == "" {
		return nil, errors.New("the token names no kid")
	}
	var failed bool
	known, err := s.keys.KeyRead(context.WithValue(ctx, refreshFailed{}, &failed), kid)
	if errors.Is(err, jwkset.ErrKeyNotFound) && !failed {
		return nil, fmt.Errorf("the JWKS has no key of kid %.64q", kid)
	}
	if err != nil {
		// Out of reach, or too many unknown kids at once.
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	described := known.Marshal()
	if described.USE != "" && described.USE != jwkset.UseSig {
		return nil, fmt.Errorf("the key of this kid is for use %q", described.USE)
	}
	if alg := described.ALG.String(); alg != "" && alg != t.Method.Alg() {
		return nil, fmt.Errorf("the key of this kid is for the algorithm %q", alg)
	}
	key := known.Key()
	if private, ok := key.(interface{ Public() crypto.PublicKey }); ok {
		key = private.Public()
	}
	return key, nil
}

func (s *keySet) close() { s.cancel() }
