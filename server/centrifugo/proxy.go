package centrifugo

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/wire"
)

// request is what Centrifugo sends to a proxy's endpoint. Each kind of proxy has
// some of the fields.
type request struct {
	Client    string `json:"client"`
	Transport string `json:"transport"`
	// User is the user of the connection: the one identity to trust, for Centrifugo
	// has verified it and the secret proves Centrifugo.
	User string `json:"user"`
	// Channel is that of a publication or a subscription.
	Channel string `json:"channel"`
	// Method is that of a native RPC.
	Method string `json:"method"`
	// Data is the client's, as it is, or in base64 where the proxy has
	// binary_encoding.
	Data    json.RawMessage `json:"data"`
	B64Data []byte          `json:"b64data"`
	// Meta is what the token, or the connect proxy, said of the connection; there
	// with include_connection_meta only.
	Meta json.RawMessage `json:"meta"`
	// Name and Version are what a connecting client says of itself.
	Name    string `json:"name"`
	Version string `json:"version"`
}

// data is the client's data, wherever it is.
func (r *request) data() json.RawMessage {
	if r.B64Data != nil {
		return r.B64Data
	}
	return r.Data
}

// response is what a proxy's endpoint answers, with status 200: one of the three.
type response struct {
	Result     any         `json:"result,omitempty"`
	Error      *refusal    `json:"error,omitempty"`
	Disconnect *disconnect `json:"disconnect,omitempty"`
}

// refusal is the error that the client gets for its command. Centrifugo wants its
// code between 400 and 1999.
type refusal struct {
	Code      uint32 `json:"code"`
	Message   string `json:"message"`
	Temporary bool   `json:"temporary,omitempty"`
}

// disconnect ends the client's connection.
type disconnect struct {
	Code   uint32 `json:"code"`
	Reason string `json:"reason"`
}

var (
	errPermissionDenied = &refusal{Code: uint32(wire.PermissionDenied), Message: "permission denied"}
	errBadRequest       = &refusal{Code: uint32(wire.InvalidParams), Message: "bad request"}
	errUnavailable      = &refusal{Code: uint32(wire.Unavailable), Message: wire.Unavailable.Reason(), Temporary: true}
)

// requestOverhead is what a proxied request takes beside the client's data, at most:
// its meta, and escapes.
const requestOverhead = 64 << 10

// proxied serves one kind of proxy request. It refuses whoever does not know the
// secret before it reads anything, and no panic gets out of it.
func (b *Backend) proxied(answer func(*http.Request, *request) response) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				b.log.Error("panic in a proxy request", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		if !b.secret.provedBy(r) {
			b.log.Warn("a proxy request without the secret was refused; is "+SecretHeader+" among http.static_headers of Centrifugo's proxy, and not among its http_headers?", "path", r.URL.Path, "from", r.RemoteAddr)
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		var asked request
		// In base64, and with escapes, data may take twice what the client sent.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(2*b.cfg.MaxMessageSize+requestOverhead)))
		if err == nil {
			err = json.Unmarshal(body, &asked)
		}
		if err != nil {
			if r.Context().Err() == nil {
				b.log.Warn("a proxy request could not be read", "path", r.URL.Path, "error", err)
			}
			status := http.StatusBadRequest
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		encoded, err := json.Marshal(answer(r, &asked))
		if err != nil {
			b.log.Error("the answer to a proxy request could not be encoded", "path", r.URL.Path, "error", err)
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(encoded)
	})
}

// conn is who asks.
func (r *request) conn() *centrirpc.Conn {
	info, meta := unpackMeta(r.Meta)
	return &centrirpc.Conn{UserID: r.User, ClientID: r.Client, Transport: r.Transport, Info: info, Meta: meta}
}

// refused is how a refusal of the engine reaches the client: with the codes that
// calls.CodeOf gives it where Centrifugo lets them through, and otherwise with those
// that mean the same to clients.
func refused(err error) *refusal {
	if wait, ok := errors.AsType[*calls.WaitError](err); ok {
		return &refusal{Code: uint32(wire.InvalidParams), Message: wait.Error()}
	}
	switch calls.CodeOf(err) {
	case 103:
		return errPermissionDenied
	case 107:
		return errBadRequest
	case 111:
		return &refusal{Code: uint32(wire.ResourceExhausted), Message: "too many requests", Temporary: true}
	case uint32(wire.OutcomeUnknown):
		return &refusal{Code: uint32(wire.OutcomeUnknown), Message: wire.OutcomeUnknown.Reason()}
	}
	return errUnavailable
}
