package redisserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/internal/loopback"
)

// StartTLS starts a redis-server that speaks TLS only, with a certificate for
// 127.0.0.1 of an authority of its own, which it asks clients for a certificate of,
// too. clients is what they need.
func StartTLS(t testing.TB, args ...string) (s *Server, clients *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	authority := newCertificate(t, nil)
	server, client := newCertificate(t, authority), newCertificate(t, authority)
	for name, data := range map[string][]byte{"ca.pem": authority.pem, "cert.pem": server.pem, "key.pem": server.keyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority.cert)
	pair, err := tls.X509KeyPair(client.pem, client.keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	addr := loopback.FreeAddress(t)
	_, port, _ := net.SplitHostPort(addr)
	s = start(t, addr, append([]string{
		"--port", "0", "--tls-port", port, "--tls-auth-clients", "yes",
		"--tls-ca-cert-file", filepath.Join(dir, "ca.pem"), "--tls-cert-file", filepath.Join(dir, "cert.pem"), "--tls-key-file", filepath.Join(dir, "key.pem"),
	}, args...))
	return s, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

type certificate struct {
	cert        *x509.Certificate
	key         *ecdsa.PrivateKey
	pem, keyPEM []byte
}

// newCertificate makes a certificate for 127.0.0.1 that by signs, or one of an
// authority if by is nil.
func newCertificate(t testing.TB, by *certificate) *certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	signer := &certificate{cert: template, key: key}
	if by == nil {
		template.Subject.CommonName = "the test's authority"
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		signer = by
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, &key.PublicKey, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	made := &certificate{key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})}
	if made.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return made
}
