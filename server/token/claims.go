package token

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are what a token says.
type Claims struct {
	// UserID is the claim sub: whom the token speaks for.
	UserID string
	// ExpiresAt is the claim exp. Zero means that the token does not expire.
	ExpiresAt time.Time
	// NotBefore is the claim nbf. Zero means that the token is valid at once.
	NotBefore time.Time
	// IssuedAt is the claim iat. Zero means that the token does not say.
	IssuedAt time.Time
	// ConnectionExpiresAt is when a connection made with this token must have
	// been refreshed: the claim expire_at where there is one (0 there means
	// never), otherwise exp with the verifier's leeway. Zero means never. Sign
	// writes expire_at only where this is set.
	ConnectionExpiresAt time.Time
	// ID is the claim jti.
	ID string
	// Issuer is the claim iss.
	Issuer string
	// Audience is the claim aud.
	Audience []string
	// Info is the claim info, or what b64info holds: JSON about the connection
	// that other clients may see. A b64info that is not JSON becomes a JSON
	// string in base64.
	Info json.RawMessage
	// Meta is the claim meta: JSON about the connection for the server only.
	Meta json.RawMessage
	// Channels are the claims channels and subs: channels that the connection
	// is subscribed to at connect, without asking.
	Channels []string
}

// payload is how the claims are written. The registered ones are the library's.
type payload struct {
	jwt.RegisteredClaims
	Info     json.RawMessage            `json:"info,omitempty"`
	B64Info  string                     `json:"b64info,omitempty"`
	Meta     json.RawMessage            `json:"meta,omitempty"`
	Channels []string                   `json:"channels,omitempty"`
	Subs     map[string]json.RawMessage `json:"subs,omitempty"`
	ExpireAt *int64                     `json:"expire_at,omitempty"`
}

func (p *payload) claims(leeway time.Duration) (Claims, error) {
	c := Claims{
		UserID:    p.Subject,
		ExpiresAt: seconds(p.ExpiresAt),
		NotBefore: seconds(p.NotBefore),
		IssuedAt:  seconds(p.IssuedAt),
		ID:        p.ID,
		Issuer:    p.Issuer,
		Audience:  p.Audience,
		Info:      notNull(p.Info),
		Meta:      notNull(p.Meta),
		Channels:  p.Channels,
	}
	if p.B64Info != "" {
		raw, err := base64.StdEncoding.DecodeString(p.B64Info)
		if err != nil {
			return Claims{}, fmt.Errorf("b64info is not base64: %w", err)
		}
		if json.Valid(raw) {
			c.Info = raw
		} else {
			c.Info, _ = json.Marshal(p.B64Info)
		}
	}
	if len(p.Subs) > 0 {
		// As in Centrifugo, subs wins over channels.
		c.Channels = slices.Sorted(maps.Keys(p.Subs))
	}
	switch {
	case p.ExpireAt != nil && *p.ExpireAt > 0:
		c.ConnectionExpiresAt = time.Unix(*p.ExpireAt, 0)
	case p.ExpireAt == nil && !c.ExpiresAt.IsZero():
		c.ConnectionExpiresAt = c.ExpiresAt.Add(leeway)
	}
	return c, nil
}

func newPayload(c Claims) (*payload, error) {
	for name, raw := range map[string]json.RawMessage{"Info": c.Info, "Meta": c.Meta} {
		if len(raw) > 0 && !json.Valid(raw) {
			return nil, fmt.Errorf("the claim %s is not JSON: %.64q", name, raw)
		}
	}
	p := &payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   c.UserID,
			ExpiresAt: numeric(c.ExpiresAt),
			NotBefore: numeric(c.NotBefore),
			IssuedAt:  numeric(c.IssuedAt),
			ID:        c.ID,
			Issuer:    c.Issuer,
			Audience:  c.Audience,
		},
		Info:     c.Info,
		Meta:     c.Meta,
		Channels: c.Channels,
	}
	if !c.ConnectionExpiresAt.IsZero() {
		at := c.ConnectionExpiresAt.Unix()
		p.ExpireAt = &at
	}
	return p, nil
}

func seconds(d *jwt.NumericDate) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.Time
}

func numeric(t time.Time) *jwt.NumericDate {
	if t.IsZero() {
		return nil
	}
	return jwt.NewNumericDate(t)
}

func notNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}
