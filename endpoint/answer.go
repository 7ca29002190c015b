package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// answer is Centrifugo's RPC proxy's, with reason and details in the error.
type answer struct {
	Result *struct {
		Data json.RawMessage `json:"data"`
	} `json:"result"`
	Error *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Reason  string          `json:"reason"`
		Details json.RawMessage `json:"details"`
	} `json:"error"`
}

// brokenOff is an answer that did not come to its end.
type brokenOff struct{ error }

func (b brokenOff) Unwrap() error { return b.error }

func broken(err error) bool {
	var b brokenOff
	return errors.As(err, &b)
}

// read is the result, or the error, that a response holds.
func (h *HTTP) read(ctx context.Context, resp *http.Response) (json.RawMessage, error) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(h.cfg.MaxResponseSize)+1))
	if err != nil {
		return nil, brokenOff{err}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, statusError(ctx, resp, data)
	}
	if len(data) > h.cfg.MaxResponseSize {
		centrirpc.LoggerFromContext(ctx).Warn("an endpoint's answer is larger than Config.MaxResponseSize", "max_bytes", h.cfg.MaxResponseSize)
		return nil, centrirpc.Errorf(wire.PayloadTooLarge, "the result is larger than %d bytes", h.cfg.MaxResponseSize)
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, rubbish(resp, fmt.Errorf("it is no JSON object of the format: %w", err))
	}
	switch {
	case (a.Result == nil) == (a.Error == nil):
		return nil, rubbish(resp, errors.New(`it needs exactly one of "result" and "error"`))
	case a.Result != nil:
		return a.Result.Data, nil
	}
	code := wire.Code(a.Error.Code)
	if !code.Valid() {
		return nil, rubbish(resp, fmt.Errorf("the error code %d is neither the protocol's nor in 1000..1999", a.Error.Code))
	}
	if code == wire.MethodNotFound {
		centrirpc.LoggerFromContext(ctx).Error("an endpoint does not know a method of its contract; give centrirpc.Forward the contract of the version that runs")
	}
	e := centrirpc.Errorf(code, "%s", a.Error.Message)
	if code.Application() && reason.MatchString(a.Error.Reason) {
		e.Reason = a.Error.Reason
	}
	if d := a.Error.Details; len(d) > 0 && string(d) != "null" {
		e.Details = d
	}
	return nil, e
}

var reason = regexp.MustCompile(`^[a-z][a-z0-9_]{0,127}$`)

func rubbish(resp *http.Response, cause error) error {
	return &failure{
		cause:   fmt.Errorf("the endpoint's answer (%q) cannot be read; is Config.URL that of an RPCApp or a Django view of centrirpc? %w", resp.Header.Get("Content-Type"), cause),
		ran:     unknown,
		rubbish: true,
	}
}

// statusError is what a response of another status than 200 means.
func statusError(ctx context.Context, resp *http.Response, data []byte) error {
	text, status := beginning(data), resp.StatusCode
	switch {
	case status == http.StatusServiceUnavailable && resp.Header.Get(RefusedHeader) == refusedMark:
		return &failure{cause: misused(status, "it takes no requests", text), ran: refused}
	case status >= 500:
		return &failure{cause: misused(status, "its server failed", text), ran: unknown}
	case status == http.StatusTooManyRequests:
		return centrirpc.Errorf(wire.ResourceExhausted, "the service that has this method has too much to do")
	case status == http.StatusRequestEntityTooLarge:
		centrirpc.LoggerFromContext(ctx).Warn("an endpoint refused a call's size", "answer", text)
		return centrirpc.Errorf(wire.PayloadTooLarge, "the params are larger than the service that has this method takes")
	case status == http.StatusUnauthorized:
		return misused(status, "it does not take the secret; set Config.Secret to the one that it knows", text)
	case status >= 300 && status < 400:
		return misused(status, fmt.Sprintf("redirects are not followed; set Config.URL to the address itself (it names %q: is it the slash at the end?)", resp.Header.Get("Location")), "")
	case status == http.StatusNotFound:
		return misused(status, "nothing is there; set Config.URL to the path of the RPCApp or of the Django view", "")
	}
	return misused(status, "it is not served as this server asks; both should be of the same version of centrirpc", text)
}

// beginning is the first line of an answer in words, as far as it is short.
func beginning(data []byte) string {
	line, _, _ := strings.Cut(strings.ToValidUTF8(string(data[:min(len(data), 200)]), ""), "\n")
	return strings.TrimSpace(line)
}
