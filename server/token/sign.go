package token

import (
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/wire"
)

// Sign mints a token with HS256. The secret must not be empty, and Claims.UserID
// must be one that a server accepts (wire.CheckUserID). Only the claims that are
// set are written: without ExpiresAt the token is valid for ever.
func Sign(secret string, claims Claims) (string, error) {
	if secret == "" {
		return "", errors.New("token: the secret is empty; set the secret that the server verifies tokens with")
	}
	if err := wire.CheckUserID(claims.UserID); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	p, err := newPayload(claims)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, p).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("token: signing: %w", err)
	}
	return signed, nil
}
