package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// expectation is what a step must come to: one of the fields of the first group.
type expectation struct {
	OK          bool            `json:"ok,omitempty"` // no result, no error
	Result      json.RawMessage `json:"result,omitempty"`
	Error       *wantedError    `json:"error,omitempty"`
	ClientError string          `json:"client_error,omitempty"` // the class
	Events      json.RawMessage `json:"events,omitempty"`
	AnyOf       []expectation   `json:"any_of,omitempty"`
	Together    []expectation   `json:"together,omitempty"`

	// Items are a stream's, besides its result or error.
	Items        json.RawMessage `json:"items,omitempty"`
	LastProgress json.RawMessage `json:"last_progress,omitempty"`

	Message json.RawMessage `json:"message,omitempty"` // of a client error
	Code    int             `json:"code,omitempty"`    // of a ConnectError
	Times   int             `json:"times,omitempty"`   // within together
}

// wantedError is an error of the server. A message that is left out may be any;
// details that are left out must be absent.
type wantedError struct {
	Code    int             `json:"code"`
	Reason  string          `json:"reason"`
	Message json.RawMessage `json:"message"`
	Details json.RawMessage `json:"details"`
}

// outcome is what a driver says of a step.
type outcome struct {
	OK          bool            `json:"ok,omitempty"`
	Result      json.RawMessage `json:"result,omitempty"`
	Error       *serverError    `json:"error,omitempty"`
	ClientError string          `json:"client_error,omitempty"`
	Events      json.RawMessage `json:"events,omitempty"`
	Together    []outcome       `json:"together,omitempty"`
	Steps       []outcome       `json:"steps,omitempty"`

	Items    json.RawMessage   `json:"items,omitempty"`
	Progress []json.RawMessage `json:"progress,omitempty"`

	Message string `json:"message,omitempty"`
	Code    int    `json:"code,omitempty"`
	Fault   string `json:"fault,omitempty"` // the driver itself failed
}

type serverError struct {
	Code    int             `json:"code"`
	Reason  string          `json:"reason"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
	Class   string          `json:"class,omitempty"` // where the language has classes
}

func (o outcome) String() string {
	text, _ := json.Marshal(o)
	if len(text) > 2000 {
		return string(text[:2000]) + "…"
	}
	return string(text)
}

// judge says where outcomes differ from what the steps expect.
func judge(at string, steps []step, outcomes []outcome) []string {
	if len(outcomes) != len(steps) {
		return []string{fmt.Sprintf("%s: %d steps have %d outcomes", at, len(steps), len(outcomes))}
	}
	var faults []string
	for i, s := range steps {
		where := fmt.Sprintf("%s[%d]%s", at, i, s.what())
		o := outcomes[i]
		switch {
		case o.Fault != "":
			faults = append(faults, where+": the driver failed: "+o.Fault)
		case s.Unordered:
			faults = append(faults, matchUnordered(where, s.Expect.Together, o.Together)...)
		case len(s.Together) > 0:
			faults = append(faults, judge(where, s.Together, o.Together)...)
		case len(s.Steps) > 0:
			faults = append(faults, judge(where, s.Steps, o.Steps)...)
		default:
			if err := s.Expect.match(o); err != nil {
				faults = append(faults, fmt.Sprintf("%s: %v\n\tgot %s", where, err, o))
			}
		}
	}
	return faults
}

func (s step) what() string {
	switch {
	case s.Call != "":
		return " call " + s.Call
	case s.Notify != "":
		return " notify " + s.Notify
	case s.Stream != "":
		return " stream " + s.Stream
	case s.Subscribe != "":
		return " subscribe " + s.Subscribe
	case s.Connect:
		return " connect"
	}
	return ""
}

// matchUnordered pairs each expectation with an outcome of its own.
func matchUnordered(at string, wanted []expectation, outcomes []outcome) []string {
	left := slices.Clone(outcomes)
	var faults []string
	for _, want := range wanted {
		for range max(want.Times, 1) {
			found := slices.IndexFunc(left, func(o outcome) bool { return want.match(o) == nil })
			if found < 0 {
				text, _ := json.Marshal(want)
				faults = append(faults, fmt.Sprintf("%s: no outcome is %s", at, text))
				continue
			}
			left = slices.Delete(left, found, found+1)
		}
	}
	for _, o := range left {
		faults = append(faults, fmt.Sprintf("%s: not expected: %s", at, o))
	}
	return faults
}

func (e *expectation) match(o outcome) error {
	if len(e.AnyOf) > 0 {
		var faults []string
		for i := range e.AnyOf {
			err := e.AnyOf[i].match(o)
			if err == nil {
				return nil
			}
			faults = append(faults, err.Error())
		}
		return fmt.Errorf("neither: %s", strings.Join(faults, "; nor: "))
	}
	if o.Fault != "" {
		return fmt.Errorf("the driver failed: %s", o.Fault)
	}
	if err := e.matchStream(o); err != nil {
		return err
	}
	switch {
	case e.OK:
		// Of a stream that returns nothing there may be nothing but its items.
		if e.Items != nil && o.Result == nil && o.Error == nil && o.ClientError == "" {
			return nil
		}
		// Where types are gone at run time, nothing is what was on the wire.
		if !o.OK && string(o.Result) != "null" && string(o.Result) != "{}" {
			return fmt.Errorf("want success without a result")
		}
	case e.Result != nil:
		if o.Result == nil {
			return fmt.Errorf("want the result %s", e.Result)
		}
		return same("result", e.Result, o.Result)
	case e.Events != nil:
		if o.Events == nil {
			return fmt.Errorf("want the events %s", e.Events)
		}
		return same("events", e.Events, o.Events)
	case e.Error != nil:
		return e.Error.match(o.Error)
	case e.ClientError != "":
		if o.ClientError != e.ClientError {
			return fmt.Errorf("want the client's own %s", e.ClientError)
		}
		if e.Code != 0 && o.Code != e.Code {
			return fmt.Errorf("want code %d", e.Code)
		}
		if e.Message != nil {
			message, _ := json.Marshal(o.Message)
			return same("message", e.Message, message)
		}
		if o.Message == "" {
			return fmt.Errorf("the error says nothing")
		}
	case e.Items != nil: // a stream that was left
		if o.Result != nil || o.Error != nil || o.ClientError != "" {
			return fmt.Errorf("want neither a result nor an error of a stream that was left")
		}
	default:
		return fmt.Errorf("the case expects nothing")
	}
	return nil
}

// matchStream compares what came before the end of a call: all items, and the
// last word on its progress.
func (e *expectation) matchStream(o outcome) error {
	if e.Items != nil {
		if o.Items == nil {
			return fmt.Errorf("want the items %s", e.Items)
		}
		if err := same("items", e.Items, o.Items); err != nil {
			return err
		}
	}
	if e.LastProgress == nil {
		return nil
	}
	if len(o.Progress) == 0 {
		return fmt.Errorf("want progress")
	}
	return same("the last progress", e.LastProgress, o.Progress[len(o.Progress)-1])
}

func (e *wantedError) match(o *serverError) error {
	if o == nil {
		return fmt.Errorf("want the server's error %d %s", e.Code, e.Reason)
	}
	if o.Code != e.Code || o.Reason != e.Reason {
		return fmt.Errorf("want error %d %s, not %d %s", e.Code, e.Reason, o.Code, o.Reason)
	}
	if o.Class != "" {
		want := "ServerError"
		if class := classes[e.Code]; class != "" {
			want = class
		}
		if wire.Code(e.Code).Application() && e.Reason != "application_error" { // declared ones are generated, named after their reason
			want = ""
			for word := range strings.SplitSeq(e.Reason, "_") {
				want += strings.ToUpper(word[:1]) + word[1:]
			}
			want += "Error"
		}
		if o.Class != want {
			return fmt.Errorf("want an error of class %s, not %s", want, o.Class)
		}
	}
	if e.Message != nil {
		message, _ := json.Marshal(o.Message)
		if err := same("message", e.Message, message); err != nil {
			return err
		}
	}
	if e.Details == nil {
		if o.Details != nil && string(o.Details) != "null" {
			return fmt.Errorf("want no details, not %s", o.Details)
		}
		return nil
	}
	return same("details", e.Details, o.Details)
}

// same compares JSON. Numbers are compared by value, moments by instant. An
// object of one key stands for a test: {"$any": true}, {"$length": n} and
// {"$contains": "text"}.
func same(at string, want, got json.RawMessage) error {
	w, err := decode(want)
	if err != nil {
		return fmt.Errorf("%s: the case is no JSON: %w", at, err)
	}
	g, err := decode(got)
	if err != nil {
		return fmt.Errorf("%s is no JSON: %w", at, err)
	}
	return sameValue(at, w, g)
}

func decode(data json.RawMessage) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func sameValue(at string, want, got any) error {
	differ := func() error { return fmt.Errorf("%s: want %s, not %s", at, show(want), show(got)) }
	switch w := want.(type) {
	case map[string]any:
		if test, ok := testOf(w); ok {
			return test(at, got)
		}
		g, ok := got.(map[string]any)
		if !ok {
			return differ()
		}
		return sameObject(at, w, g)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return differ()
		}
		for i := range w {
			if err := sameValue(fmt.Sprintf("%s[%d]", at, i), w[i], g[i]); err != nil {
				return err
			}
		}
	case json.Number:
		g, ok := got.(json.Number)
		if !ok || !sameNumber(w, g) {
			return differ()
		}
	case string:
		g, ok := got.(string)
		if !ok || g != w && !sameMoment(w, g) {
			return differ()
		}
	default:
		if want != got {
			return differ()
		}
	}
	return nil
}

func sameObject(at string, want, got map[string]any) error {
	keys := make([]string, 0, len(want)+len(got))
	for k := range want {
		keys = append(keys, k)
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		w, wanted := want[k]
		g, there := got[k]
		inner := fmt.Sprintf("%s[%q]", at, k)
		switch {
		case !there:
			return fmt.Errorf("%s is absent; want %s", inner, show(w))
		case !wanted:
			return fmt.Errorf("%s should be absent, not %s", inner, show(g))
		}
		if err := sameValue(inner, w, g); err != nil {
			return err
		}
	}
	return nil
}

func testOf(object map[string]any) (func(at string, got any) error, bool) {
	if len(object) != 1 {
		return nil, false
	}
	if _, ok := object["$any"]; ok {
		return func(string, any) error { return nil }, true
	}
	if text, ok := object["$contains"].(string); ok {
		return func(at string, got any) error {
			if g, ok := got.(string); !ok || !strings.Contains(g, text) {
				return fmt.Errorf("%s: want a text with %q in it, not %s", at, text, show(got))
			}
			return nil
		}, true
	}
	if length, ok := object["$length"].(json.Number); ok {
		return func(at string, got any) error {
			size := -1
			switch g := got.(type) {
			case string:
				size = len(g)
			case []any:
				size = len(g)
			}
			if fmt.Sprint(size) != length.String() {
				return fmt.Errorf("%s: want a text of %s bytes or a list of so many items, not %s", at, length, show(got))
			}
			return nil
		}, true
	}
	return nil, false
}

// sameNumber compares integers exactly, and numbers written as fractions or with
// an exponent as 64-bit floats, which may be written with more digits or fewer.
func sameNumber(a, b json.Number) bool {
	x, okX := new(big.Rat).SetString(a.String())
	y, okY := new(big.Rat).SetString(b.String())
	if !okX || !okY {
		return false
	}
	if x.Cmp(y) == 0 {
		return true
	}
	if !strings.ContainsAny(a.String()+b.String(), ".eE") {
		return false
	}
	f, errF := a.Float64()
	g, errG := b.Float64()
	return errF == nil && errG == nil && f == g
}

func sameMoment(a, b string) bool {
	x, errX := time.Parse(time.RFC3339Nano, a)
	y, errY := time.Parse(time.RFC3339Nano, b)
	return errX == nil && errY == nil && x.Equal(y)
}

func show(v any) string {
	text, _ := json.Marshal(v)
	if len(text) > 300 {
		return string(text[:300]) + "…"
	}
	return string(text)
}
