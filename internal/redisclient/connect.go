package redisclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Connect makes a client of a Redis that is fit for use. Every wait of the client
// for an answer is bounded by timeout, if commands are given contexts that are too.
// Errors name the setting, the hosts and the way to mend it.
func (a Address) Connect(ctx context.Context, timeout time.Duration, log *slog.Logger) (rueidis.Client, error) {
	option := a.Option
	// A connection that is silent for a quarter of the timeout is pinged, and given
	// up half a timeout later: nothing waits in it for longer than the timeout.
	option.Dialer.Timeout = timeout / 2
	option.Dialer.KeepAlive = timeout / 4
	option.ConnWriteTimeout = timeout / 2
	option.Sentinel.Dialer = option.Dialer
	option.DisableCache = true // nothing is cached here
	option.DisableRetry = true // who asks knows for how long
	client, err := rueidis.NewClient(option)
	if err == nil {
		if err = a.fit(ctx, client, log); err == nil {
			return client, nil
		}
		client.Close()
	}
	return nil, a.Explain(err)
}

// Explain says what an error of the first contact means, and what to do.
func (a Address) Explain(err error) error {
	at := a.Hosts()
	if a.Option.Sentinel.MasterSet != "" {
		at = fmt.Sprintf("%s (Sentinels of %s)", at, a.Option.Sentinel.MasterSet)
	}
	if text, ok := Refusal(err); ok {
		switch code, _, _ := strings.Cut(text, " "); {
		case code == "WRONGPASS" || strings.Contains(text, "invalid password") || strings.Contains(text, "without any password configured"):
			return fmt.Errorf("the Redis at %s refuses the user or the password; correct them in %s (redis://user:password@host:port): %w", at, a.Setting, err)
		case code == "NOAUTH":
			return fmt.Errorf("the Redis at %s asks for a password; put it in %s (redis://user:password@host:port): %w", at, a.Setting, err)
		case code == "NOPERM":
			return fmt.Errorf("the Redis at %s does not permit the user in %s what is needed; allow it in the ACL: %w", at, a.Setting, err)
		case code == "LOADING":
			return fmt.Errorf("the Redis at %s (%s) is still loading its data; try again: %w", at, a.Setting, err)
		case strings.Contains(text, "DB index is out of range") || strings.Contains(text, "SELECT is not allowed"):
			return fmt.Errorf("the Redis at %s does not have the database %d; correct the number at the end of %s: %w", at, a.Option.SelectDB, a.Setting, err)
		}
		return fmt.Errorf("the Redis at %s (%s) refuses: %w", at, a.Setting, err)
	}
	var dial *net.OpError
	var unfit unfit
	var plain tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unfit):
		return fmt.Errorf("the Redis at %s (%s) %w", at, a.Setting, err)
	case errors.As(err, &plain):
		return fmt.Errorf("what is at %s does not speak TLS; begin %s with redis://, or have that Redis listen with TLS: %w", at, a.Setting, err)
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &name):
		return fmt.Errorf("the certificate of the Redis at %s (%s) is not accepted; name its authority in the TLS settings, or correct its names: %w", at, a.Setting, err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("this process may not open %s (%s); change the permissions of the socket: %w", at, a.Setting, err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("no Redis can be reached at %s; start it there or correct %s: %w", at, a.Setting, err)
	}
	if a.Option.TLSConfig != nil {
		return fmt.Errorf("what is at %s does not answer as a Redis with TLS does; correct %s (and begin it with redis:// if it speaks none): %w", at, a.Setting, err)
	}
	return fmt.Errorf("what is at %s does not answer as a Redis does; correct %s (and begin it with rediss:// if it speaks TLS): %w", at, a.Setting, err)
}

// Refusal is what Redis said in place of an answer, if err is that it did.
func Refusal(err error) (text string, ok bool) {
	var said *rueidis.RedisError
	if errors.As(err, &said) {
		return said.Error(), true
	}
	return "", false
}
