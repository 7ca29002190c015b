package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// userOf reads the user id from the "sub" of a JWT, which is three parts of which
// the second is a JSON object. The token is not verified: that is the server's
// work. For a token that is no JWT, or none at all, the user id is empty.
func userOf(token string) (string, error) {
	claims := claimsOf(token)
	if claims == nil {
		return "", nil
	}
	var subject *string
	if sub := claims["sub"]; sub != nil && json.Unmarshal(sub, &subject) != nil {
		return "", errors.New(`the token's "sub" is not a string`)
	}
	if subject == nil || *subject == "" {
		return "", errors.New(`the token has no "sub"`)
	}
	return *subject, nil
}

// claimsOf reads the claims of a JWT, or gives nil for what is none.
func claimsOf(token string) map[string]json.RawMessage {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	var claims map[string]json.RawMessage
	if json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	return claims
}
