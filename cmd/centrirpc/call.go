package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

func callCommand() *command {
	return &command{
		name:    "call",
		usage:   "-url URL [-token TOKEN] [-user ID] [-header HEADER]... [-timeout DURATION] [-progress[=HOW]] [-idempotent] [-volatile] [-notify] METHOD [JSON]",
		summary: "Call a method and print its result",
		text: `JSON are the params, {} if not given; with - they are read from standard input. The
result is printed as indented JSON. An error of the server is printed on standard
error: its reason, code and message, and its details.

The items of a stream are printed as they come, each as JSON on a line of its own,
and its result on the last line. How far a call has come is shown on standard error,
if the method tells it: as a bar on a terminal, else as lines.

An interrupt (Ctrl-C) cancels the call on the server. A lost connection does not end
it: it is made again and the call goes on, until -timeout is over. Standard error tells
of it, but with -progress=none.

The token is read from CENTRIRPC_TOKEN if -token is not given. Without one the
server knows the user by a cookie or another header, given with -header, or lets
everybody in.

With -notify, exit code 0 says that the server has taken the notification, not
that there is such a method: nothing ever answers a notification, so a name that
does not exist, or params that do not fit, are taken as well. The server logs them.

Replies come on a channel of the user's own. The user's id is the "sub" of a token
that is a JWT; where the token says nothing to others, or there is none, centrirpc
servers say the id at connect, and for others give it with -user.

Exit codes: 0 done, 1 the call failed, 2 wrong usage, 130 interrupted.

Examples:
  centrirpc call -url ws://127.0.0.1:8000/connection/websocket -token "$TOKEN" \
    tasks.get_stats '{"user_id":"42"}'
  centrirpc call -url wss://example.org/connection/websocket \
    -header "Cookie: session=$SESSION" -header "Origin: https://example.org" tasks.list
  centrirpc call -url wss://example.org/connection/websocket -token "$OPAQUE" -user 42 tasks.list
  centrirpc call -url wss://example.org/connection/websocket tasks.create - < task.json
  centrirpc call -url ws://127.0.0.1:8000/connection/websocket -token "$TOKEN" -timeout 5m \
    tasks.import - < rows.json > imported.jsonl`,
		prepare: func(flags *flag.FlagSet) func(*environment, []string) (int, error) {
			var c call
			flags.StringVar(&c.url, "url", "", "the WebSocket endpoint's `URL` (required)")
			flags.StringVar(&c.token, "token", "", "the connection `token`, if the server asks for one (default $CENTRIRPC_TOKEN)")
			flags.StringVar(&c.user, "user", "", "the user's `id`, if neither the token nor the server says it")
			flags.Var(&c.headers, "header", "an HTTP `header` of the WebSocket handshake, such as \"Cookie: session=1\"; may be repeated")
			flags.BoolVar(&c.notify, "notify", false, "send a notification, for methods that take those: nothing is printed, and exit code 0 does not say that there is such a method")
			flags.Var(&c.progress, "progress", "`how` to show progress: bar, lines or none; without a value: lines (default bar on a terminal, else lines)")
			flags.BoolVar(&c.idempotent, "idempotent", false, "say that the method may run twice without harm, as it declares: the call is sent again even to a server that does not know whether it ran")
			flags.BoolVar(&c.volatile, "volatile", false, "say that the server does not remember calls of the method, as it declares: the call is not sent again")
			flags.DurationVar(&c.timeout, "timeout", 30*time.Second, "how long to wait for the connection and the result together")
			return c.run
		},
	}
}

type call struct {
	url, token, user string
	headers          headers
	timeout          time.Duration
	progress         progressMode
	notify           bool
	idempotent       bool
	volatile         bool
}

func (c *call) run(e *environment, args []string) (int, error) {
	c.token = cmp.Or(c.token, os.Getenv("CENTRIRPC_TOKEN"))
	switch {
	case c.url == "":
		return usagef("give the endpoint with -url")
	case c.timeout <= 0:
		return usagef("-timeout %v: give a positive duration", c.timeout)
	case len(args) == 0:
		return usagef("give a method, such as tasks.get_stats")
	case len(args) > 2:
		return usagef("give a method and its params only, not also %q; quote the JSON", args[2:])
	}
	method := args[0]
	if err := wire.CheckMethod(method); err != nil {
		return usagef("%v", err)
	}
	params, err := readParams(e, args[1:])
	if err != nil {
		return exitUsage, err
	}
	// Who reads the output may stop: `| head -3` is no reason to leave the call running.
	brokenPipe := make(chan os.Signal, 1)
	signal.Notify(brokenPipe, syscall.SIGPIPE)
	defer signal.Stop(brokenPipe)
	ctx, cancel := context.WithTimeout(e.ctx, c.timeout)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	first := &oneTry{giveUp: giveUp}
	rpc, err := client.NewCentrifugoRPCClient(c.url, c.token, c.user, client.WithTimeout(c.timeout),
		client.WithHeader(http.Header(c.headers)), client.WithHTTPClient(&http.Client{Transport: first}))
	if err != nil {
		return usagef("%v", err)
	}
	defer rpc.Close()
	if err := rpc.Connect(ctx); err != nil {
		if e.ctx.Err() != nil {
			return exitInterrupted, fmt.Errorf("interrupted while connecting to %s; %s was not called", c.url, method)
		}
		cause := context.Cause(ctx)
		if failure, ok := errors.AsType[*unreachableError](cause); ok {
			err = fmt.Errorf("connecting to %s: %w", c.url, failure)
		} else if errors.Is(cause, context.DeadlineExceeded) {
			err = fmt.Errorf("connecting to %s: no answer within %v", c.url, c.timeout)
		}
		return exitFailed, c.explain(err)
	}
	first.succeeded.Store(true)
	view := newProgressView(e.stderr, c.progress)
	untold := c.tellOfLosses(rpc, view)
	if c.notify {
		err = rpc.Notify(ctx, method, params, c.class()...)
	} else {
		err = c.ask(ctx, e, view, rpc, method, params)
	}
	untold()
	view.close()
	if err != nil {
		if e.ctx.Err() != nil {
			return exitInterrupted, interrupted(method, rpc.State() == client.Connected && !c.notify)
		}
		_, answered := errors.AsType[*client.ServerError](err) // if only by refusing, again and again
		if !answered && (errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, client.ErrTimeout)) {
			return exitFailed, fmt.Errorf("calling %s: no answer within %v", method, c.timeout)
		}
		if refused, ok := errors.AsType[*client.ServerError](err); ok && !c.notify && refused.Code == wire.MethodNotFound && strings.Contains(refused.Message, "takes notifications") {
			return exitFailed, fmt.Errorf("the method %s takes notifications: send one with -notify", method)
		}
		return exitFailed, describe(err)
	}
	return exitOK, nil
}

// interrupted says what has become of a call that the user did not wait for.
func interrupted(method string, told bool) error {
	if told {
		return fmt.Errorf("interrupted: the server was asked to cancel %s", method)
	}
	return fmt.Errorf("interrupted: the server could not be told; %s may have run, or may run on until its time is over", method)
}

// explain says which flag may help against a refused connection.
func (c *call) explain(err error) error {
	refused, ok := errors.AsType[*client.ConnectError](err)
	switch {
	case !ok:
		return err
	case refused.Code == 0 && strings.Contains(refused.Reason, "user id is not known"):
		return fmt.Errorf("connecting to %s: neither the server nor the token says the user's id, which replies need; give it with -user", c.url)
	case refused.Code != 0 && c.token == "":
		return fmt.Errorf("%w; no token was sent: give one with -token or in CENTRIRPC_TOKEN, or what the server asks for instead with -header", err)
	}
	return err
}

// oneTry gives the whole command up when the endpoint cannot be reached: the
// client would try again, but a person at the shell wants to know. Once there was
// a connection, it lets the client try.
type oneTry struct {
	giveUp    context.CancelCauseFunc
	succeeded atomic.Bool
}

func (t *oneTry) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	switch {
	case t.succeeded.Load():
	case err != nil:
		t.giveUp(&unreachableError{err.Error()})
	case response.StatusCode == http.StatusForbidden:
		t.giveUp(&unreachableError{"the answer is " + response.Status + ": " + originHint(r.Header.Get("Origin"))})
	case response.StatusCode != http.StatusSwitchingProtocols:
		t.giveUp(&unreachableError{"no WebSocket endpoint is there: the answer is " + response.Status})
	}
	return response, err
}

// originHint says what a server that refuses the handshake may have against it.
func originHint(origin string) string {
	if origin == "" {
		return "the server, or a proxy before it, does not let this client in; if it asks for an Origin, give one with -header"
	}
	return fmt.Sprintf("the server may not allow the origin %q; give another one with -header, leave it out, or add it to the server's AllowedOrigins", origin)
}

type unreachableError struct{ reason string }

func (e *unreachableError) Error() string { return e.reason }

// readParams are the params as they were given.
func readParams(e *environment, args []string) (json.RawMessage, error) {
	if len(args) == 0 {
		return json.RawMessage("{}"), nil
	}
	data := []byte(args[0])
	if args[0] == "-" {
		var err error
		if data, err = io.ReadAll(e.stdin); err != nil {
			return nil, fmt.Errorf("reading the params from standard input: %w", err)
		}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		reason := `give an object, such as '{"id":1}'`
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			reason = fmt.Sprintf("%v at byte %d", syntax, syntax.Offset)
		}
		return nil, usageError("the params are no JSON object: " + reason)
	}
	return data, nil
}

// describe says all that is known of a failed call.
func describe(err error) error {
	if lost, ok := errors.AsType[*lostError](err); ok {
		return fmt.Errorf("%w\nThe servers' logs may tell more of it: its correlation id is %s.", describe(lost.error), lost.id)
	}
	e, ok := errors.AsType[*client.ServerError](err)
	if !ok {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "the server answered with the error %s (%d): %s", cmp.Or(e.Reason, "error"), e.Code, e.Message)
	if len(e.Details) > 0 {
		b.WriteString("\n" + indented(e.Details))
	}
	return errors.New(b.String())
}

func indented(data json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return string(data)
	}
	return b.String()
}
