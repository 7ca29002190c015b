package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// minRSABits is the smallest RSA key that RFC 7518 allows for its algorithms.
const minRSABits = 2048

// parsePublicKey reads one PEM block: a PKIX or PKCS #1 public key, or a
// certificate. What kind of key it is decides which algorithms it verifies.
func parsePublicKey(text string) (crypto.PublicKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not PEM; it must begin with -----BEGIN PUBLIC KEY-----")
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("more than one PEM block; give each key on its own")
	}
	var key crypto.PublicKey
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	default:
		// The type is a word such as "PRIVATE KEY"; nothing of the key itself.
		return nil, fmt.Errorf("a PEM block of type %q; a public key is needed", block.Type)
	}
	if err != nil {
		return nil, err
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return nil, fmt.Errorf("an RSA key of %d bits; at least %d are needed", k.N.BitLen(), minRSABits)
		}
	case *ecdsa.PublicKey:
		if curveMethod(k.Curve) == "" {
			return nil, fmt.Errorf("an ECDSA key on curve %s; P-256, P-384 and P-521 are supported", k.Curve.Params().Name)
		}
	case ed25519.PublicKey:
	default:
		return nil, fmt.Errorf("a key of type %T; RSA, ECDSA and Ed25519 are supported", key)
	}
	return key, nil
}

// methods are the algorithms that a key of this kind verifies.
func methods(key crypto.PublicKey) []string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		if m := curveMethod(k.Curve); m != "" {
			return []string{m}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	}
	return nil
}

func curveMethod(curve elliptic.Curve) string {
	switch curve {
	case elliptic.P256():
		return "ES256"
	case elliptic.P384():
		return "ES384"
	case elliptic.P521():
		return "ES512"
	}
	return ""
}

// fits reports whether a key may verify the algorithm that a token names. This
// is what keeps a token signed with an RSA key's public bytes as an HMAC secret
// out: a HMAC algorithm fits no public key.
func fits(key crypto.PublicKey, alg string) bool {
	for _, m := range methods(key) {
		if m == alg {
			return true
		}
	}
	return false
}

var (
	hmacMethods       = []string{"HS256", "HS384", "HS512"}
	asymmetricMethods = []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
	}
)

func isHMAC(m jwt.SigningMethod) bool {
	_, ok := m.(*jwt.SigningMethodHMAC)
	return ok
}
