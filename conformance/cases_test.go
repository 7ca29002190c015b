package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// testCase is one case as it stands in cases/*.json. A case of one call may have
// the call's fields itself instead of steps.
type testCase struct {
	Name      string   `json:"name"`
	Why       string   `json:"why"`
	Languages []string `json:"languages"` // none: all
	WhyNot    string   `json:"why_not"`   // why the other languages leave it out

	Client *clientSpec `json:"client"` // none: the shared one
	Steps  []step      `json:"steps"`

	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Options struct {
		Via       string `json:"via"`
		TimeoutMS int    `json:"timeout_ms"`
	} `json:"options"`
	Expect *expectation `json:"expect"`
}

// step is one thing that a driver does. Exactly one of the fields of the first
// group says what.
type step struct {
	Call        string `json:"call,omitempty"`
	Notify      string `json:"notify,omitempty"`
	Stream      string `json:"stream,omitempty"`
	Subscribe   string `json:"subscribe,omitempty"`
	Unsubscribe string `json:"unsubscribe,omitempty"`
	Events      int    `json:"events,omitempty"` // waits for so many
	Connect     bool   `json:"connect,omitempty"`
	Disconnect  bool   `json:"disconnect,omitempty"`
	AwaitState  string `json:"await_state,omitempty"`
	Together    []step `json:"together,omitempty"` // all at once
	Steps       []step `json:"steps,omitempty"`    // one after another

	On        string          `json:"on,omitempty"`  // "shared": the shared client, in a case with a client of its own
	Via       string          `json:"via,omitempty"` // "base": the base client, not the typed one
	Params    json.RawMessage `json:"params,omitempty"`
	TimeoutMS int             `json:"timeout_ms,omitempty"`
	// Traceparent is given to the base client's call.
	Traceparent string `json:"traceparent,omitempty"`
	AbortAfter  string `json:"abort_after,omitempty"` // "start" or "ack"
	As          string `json:"as,omitempty"`          // names a handler; none: by its channel
	For         string `json:"for,omitempty"`         // takes events for this user only
	AfterFirst  bool   `json:"after_first,omitempty"` // within together: once another has ended
	UntilEvent  bool   `json:"until_event,omitempty"` // repeats the call until an event has arrived
	Take        int    `json:"take,omitempty"`        // leaves the stream after so many items
	ResultOnly  bool   `json:"result_only,omitempty"` // awaits a stream's result and takes no items
	Progress    bool   `json:"progress,omitempty"`    // collects the call's progress

	// For the runner.
	Times     int          `json:"times,omitempty"` // within together: so many of it
	Unordered bool         `json:"unordered,omitempty"`
	Expect    *expectation `json:"expect,omitempty"`
}

// clientSpec describes a case's own client.
type clientSpec struct {
	Token       json.RawMessage `json:"token,omitempty"`       // a string as it is, or the claims of one to mint
	FreshToken  json.RawMessage `json:"fresh_token,omitempty"` // what its token source gives
	UserID      string          `json:"user_id,omitempty"`
	Session     string          `json:"session,omitempty"`
	Connection  string          `json:"connection,omitempty"`  // its name, for gate.cut
	URL         string          `json:"url,omitempty"`         // "unreachable", or "tokenless": the server that asks for no JWT
	Cookie      string          `json:"cookie,omitempty"`      // whom that server takes it for; none: somebody anonymous
	Traceparent string          `json:"traceparent,omitempty"` // what its option gives for each call
}

type claims struct {
	Sub       string          `json:"sub"`
	Info      json.RawMessage `json:"info"`
	Meta      json.RawMessage `json:"meta"`
	ExpiresIn int             `json:"expires_in"` // seconds
	ValidIn   int             `json:"valid_in"`
	Alg       string          `json:"alg"`
	Secret    string          `json:"secret"`
}

// loadCases reads all cases for one language. "$user" in them becomes the user.
func loadCases(t *testing.T, language, user string) []testCase {
	t.Helper()
	files, err := filepath.Glob("cases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var all []testCase
	seen := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.ReplaceAll(data, []byte("$user"), []byte(user))
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		var cases []testCase
		if err := decoder.Decode(&cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for i := range cases {
			c := &cases[i]
			if first := seen[c.Name]; first != "" {
				t.Fatalf("%s: the case %q is in %s already", file, c.Name, first)
			}
			seen[c.Name] = file
			if err := c.complete(); err != nil {
				t.Fatalf("%s: case %q: %v", file, c.Name, err)
			}
			if len(c.Languages) == 0 || slices.Contains(c.Languages, language) {
				all = append(all, *c)
			}
		}
	}
	return all
}

// complete checks a case, turns the short form into steps and mints its tokens.
func (c *testCase) complete() error {
	switch {
	case c.Name == "" || strings.ContainsAny(c.Name, "/ "):
		return fmt.Errorf("it needs a name without spaces")
	case c.Why == "":
		return fmt.Errorf("it does not say why it exists")
	case (len(c.Languages) > 0) != (c.WhyNot != ""):
		return fmt.Errorf("languages and why_not go together")
	case (c.Method != "") == (len(c.Steps) > 0):
		return fmt.Errorf("it needs either method or steps")
	}
	if c.Method != "" {
		c.Steps = []step{{Call: c.Method, Params: c.Params, Via: c.Options.Via, TimeoutMS: c.Options.TimeoutMS, Expect: c.Expect}}
	}
	if c.Client != nil {
		for _, token := range []*json.RawMessage{&c.Client.Token, &c.Client.FreshToken} {
			minted, err := mint(*token)
			if err != nil {
				return err
			}
			*token = minted
		}
	}
	return completeSteps(c.Steps)
}

func completeSteps(steps []step) error {
	for i := range steps {
		s := &steps[i]
		for j := range s.Together {
			for n := s.Together[j].Times; n > 1; n-- {
				again := s.Together[j]
				again.Times = 0
				s.Together = append(s.Together, again)
			}
			s.Together[j].Times = 0
		}
		params, err := expandParams(s.Params)
		if err != nil {
			return err
		}
		s.Params = params
		leaf := len(s.Together) == 0 && len(s.Steps) == 0
		if s.Expect == nil && (leaf || s.Unordered) {
			return fmt.Errorf("a step expects nothing")
		}
		if err := completeSteps(s.Together); err != nil {
			return err
		}
		if err := completeSteps(s.Steps); err != nil {
			return err
		}
	}
	return nil
}

// expandParams writes {"$repeat": n} as a string of n characters.
func expandParams(params json.RawMessage) (json.RawMessage, error) {
	if !bytes.Contains(params, []byte(`"$repeat"`)) {
		return params, nil
	}
	var value any
	if err := json.Unmarshal(params, &value); err != nil {
		return nil, err
	}
	var expand func(any) any
	expand = func(v any) any {
		object, ok := v.(map[string]any)
		if !ok {
			return v
		}
		if n, ok := object["$repeat"].(float64); ok {
			return strings.Repeat("x", int(n))
		}
		for k, inner := range object {
			object[k] = expand(inner)
		}
		return object
	}
	return json.Marshal(expand(value))
}

func mint(token json.RawMessage) (json.RawMessage, error) {
	if len(token) == 0 || token[0] == '"' {
		return token, nil
	}
	var c claims
	if err := json.Unmarshal(token, &c); err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	body := jwt.MapClaims{}
	if c.Sub != "" {
		body["sub"] = c.Sub
	}
	if c.Info != nil {
		body["info"] = c.Info
	}
	if c.Meta != nil {
		body["meta"] = c.Meta
	}
	if c.ExpiresIn != 0 {
		body["exp"] = time.Now().Unix() + int64(c.ExpiresIn)
	}
	if c.ValidIn != 0 {
		body["nbf"] = time.Now().Unix() + int64(c.ValidIn)
	}
	var method jwt.SigningMethod = jwt.SigningMethodHS256
	secret := c.Secret
	if secret == "" {
		secret = process.Secret
	}
	var key any = []byte(secret)
	if c.Alg != "" {
		method = jwt.GetSigningMethod(c.Alg)
	}
	if c.Alg == "none" {
		key = jwt.UnsafeAllowNoneSignatureType
	}
	signed, err := jwt.NewWithClaims(method, body).SignedString(key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(signed)
}

// strip is the steps without what only the runner may know.
func strip(steps []step) []step {
	stripped := slices.Clone(steps)
	for i := range stripped {
		stripped[i].Expect, stripped[i].Unordered = nil, false
		stripped[i].Together = strip(stripped[i].Together)
		stripped[i].Steps = strip(stripped[i].Steps)
	}
	return stripped
}
