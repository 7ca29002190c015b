package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// userOf reads the user id from a token's "sub". The token is not verified:
// that is the server's work.
func userOf(token string) (string, error) {
	if token == "" {
		return "", errors.New("there is no token")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("the token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return "", errors.New("the token's payload is not base64")
	}
	var claims struct {
		Subject *string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", fmt.Errorf("the token's payload cannot be read: %w", err)
	}
	if claims.Subject == nil || *claims.Subject == "" {
		return "", errors.New(`the token has no "sub"`)
	}
	return *claims.Subject, nil
}
