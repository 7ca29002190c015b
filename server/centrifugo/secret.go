package centrifugo

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// secret is what Centrifugo proves itself with.
type secret [sha256.Size]byte

func newSecret(text string) secret { return sha256.Sum256([]byte(text)) }

// provedBy reports whether a request comes from who knows the secret. How long that
// takes tells nothing of the secret, not even its length. A header that is there
// twice is refused: one of the two is a client's own.
func (s *secret) provedBy(r *http.Request) bool {
	said := r.Header.Values(SecretHeader)
	if len(said) != 1 {
		return false
	}
	sum := sha256.Sum256([]byte(said[0]))
	return subtle.ConstantTimeCompare(sum[:], s[:]) == 1
}
