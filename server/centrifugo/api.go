package centrifugo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// api speaks Centrifugo's HTTP API.
type api struct {
	url    string // without a slash at its end
	key    string
	client *http.Client
}

const (
	// apiTimeout bounds one request: Centrifugo answers within milliseconds.
	apiTimeout = 5 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
)

func newAPI(cfg *Config) *api {
	client := cfg.HTTPClient
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConns = 0 // no other bound than the next
		transport.MaxIdleConnsPerHost = cfg.PublishConnections
		client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // which the key must not follow
		}}
	}
	return &api{url: strings.TrimSuffix(cfg.APIURL, "/"), key: cfg.APIKey, client: client}
}

// errPassing is wrapped by failures that may pass, so that trying again may help.
var errPassing = errors.New("Centrifugo cannot take it now")

// apiError is an error within an answer of status 200.
type apiError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// err is what an error means; nil for none.
func (e *apiError) err() error {
	switch {
	case e == nil:
		return nil
	case e.Code == 100: // internal: its broker is out of reach
		return fmt.Errorf("%w: it answers %q (%d)", errPassing, e.Message, e.Code)
	case e.Code == 102:
		return fmt.Errorf("Centrifugo answers %q (102): its configuration lacks the channel's namespace", e.Message)
	}
	return fmt.Errorf("Centrifugo answers %q (%d)", e.Message, e.Code)
}

// publish sends publications, in order. failed has what became of each; err is why
// nothing is known of any, or none was taken.
func (a *api) publish(ctx context.Context, batch []*publication) (failed []error, err error) {
	if len(batch) == 1 {
		var answer struct {
			Result json.RawMessage `json:"result"`
			Error  *apiError       `json:"error"`
		}
		if err := a.call(ctx, "/publish", batch[0].encode(nil), &answer); err != nil {
			return nil, err
		}
		if answer.Result == nil && answer.Error == nil {
			return nil, fmt.Errorf("%w: its answer has neither a result nor an error; is %s the HTTP API?", errPassing, a.url)
		}
		return []error{answer.Error.err()}, nil
	}
	body := []byte(`{"commands":[`)
	for i, p := range batch {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"publish":`...)
		body = append(p.encode(body), '}')
	}
	body = append(body, "]}"...)
	var answer struct {
		Replies []struct {
			Error *apiError `json:"error"`
		} `json:"replies"`
		Error *apiError `json:"error"`
	}
	if err := a.call(ctx, "/batch", body, &answer); err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, answer.Error.err()
	}
	if len(answer.Replies) != len(batch) {
		return nil, fmt.Errorf("%w: it answers %d publications with %d replies; is %s the HTTP API?", errPassing, len(batch), len(answer.Replies), a.url)
	}
	failed = make([]error, len(batch))
	for i, reply := range answer.Replies {
		failed[i] = reply.Error.err()
	}
	return failed, nil
}

func (a *api) call(ctx context.Context, method string, body []byte, answer any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, apiTimeout, fmt.Errorf("no answer within %v", apiTimeout))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-API-Key", a.key)
	got, err := a.client.Do(r)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("%w: %w", errPassing, err)
	}
	defer got.Body.Close()
	// To its end, so that the connection can be used again.
	text, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	switch {
	case got.StatusCode == http.StatusUnauthorized || got.StatusCode == http.StatusForbidden:
		return fmt.Errorf("Centrifugo refuses the API key (status %d); is APIKey its http_api.key?", got.StatusCode)
	case got.StatusCode == http.StatusTooManyRequests || got.StatusCode >= 500:
		return fmt.Errorf("%w: status %d", errPassing, got.StatusCode)
	case got.StatusCode != http.StatusOK:
		return fmt.Errorf("status %d from %s; is that Centrifugo's HTTP API?", got.StatusCode, a.url+method)
	case err != nil:
		return fmt.Errorf("%w: its answer broke off: %w", errPassing, err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%w: its answer is no JSON; is %s the HTTP API?", errPassing, a.url)
	}
	return nil
}

// publication is something to publish.
type publication struct {
	channel string
	data    []byte
	// key has Centrifugo drop a second copy; empty if one does no harm.
	key     string
	expires time.Time
	done    chan<- error // gets what became of it; nil if nobody waits
}

// encode appends the publish command of Centrifugo's API.
func (p *publication) encode(b []byte) []byte {
	channel, _ := json.Marshal(p.channel) // a string can always be encoded
	b = append(b, `{"channel":`...)
	b = append(b, channel...)
	b = append(b, `,"data":`...)
	b = append(b, p.data...)
	if p.key != "" { // random letters and digits
		b = append(b, `,"idempotency_key":"`...)
		b = append(b, p.key...)
		b = append(b, '"')
	}
	return append(b, '}')
}

// overhead is what a publication takes beside its data, about.
const overhead = 256

func (p *publication) size() int64 { return int64(len(p.data) + len(p.channel) + overhead) }
