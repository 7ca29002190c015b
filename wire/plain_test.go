package wire

import (
	"reflect"
	"strings"
	"testing"
)

var plainRequests = []string{
	`{"method":"tasks.get_stats","params":{"user_id":"456"},"correlation_id":"c1","reply_to":"user#456"}`,
	`{"correlation_id":"c1","method":"m","timeout_ms":30000,"reply_to":"user#456"}`,
	`{"method":"m","params":{"a":[{},[],"}\"{",1.5e3,null]},"correlation_id":"c1"}`,
	`{"method":"m","correlation_id":"c1","received":["a"]}`,
	`{"received":["a","b c"],"method":"m","params":{"text":"` + strings.Repeat("x", maxShared) + `"},"correlation_id":"c1"}`,
	`{"method":"m","correlation_id":"c1","received":["a"` + strings.Repeat(`,"a"`, MaxReceived-1) + `]}`,
	`{"method":"m","params":{"text":"` + strings.Repeat("é", maxShared) + `"},"correlation_id":"c1"}`,
}

var otherRequests = []string{
	``, `{`, `{}`, `[]`, `{"method"`, `{"method":`, `{"method":"m`, `{"method":"m"`, `{"method":"m",`, `{"method":"m",}`, `{"method":"m"}x`,
	`{"method":"m","method":"n"}`, `{"method":""}`, `{"method":"é"}`, `{"method":"\u0061"}`, `{"method":7}`, `{"op":"call"}`,
	`{"timeout_ms":0}`, `{"timeout_ms":01}`, `{"timeout_ms":1.5}`, `{"timeout_ms":-1}`, `{"timeout_ms":1234567890123456}`,
	`{"received":null}`, `{"received":[]}`, `{"received":[""]}`, `{"received":["a",]}`, `{"received":["a"`, `{"received":["a" ]}`, `{"received":[7]}`,
	`{"received":["a"],"received":["b"]}`, `{"received":["\u0061"]}`, `{"received":["a"` + strings.Repeat(`,"a"`, MaxReceived) + `]}`,
	`{"params":null}`, `{"params":[]}`, `{"params":{]}`, `{"params":{"a"}}`, `{"params":{"a":"\`, `{"params":{},"params":{}}`, `{ "params":{}}`,
}

func TestThePlainFormIsReadInOnePass(t *testing.T) {
	for _, text := range plainRequests {
		if _, ok := decodePlain([]byte(text)); !ok {
			t.Errorf("left to the slow reader: %.80s", text)
		}
		samePlain(t, []byte(text))
	}
	for _, text := range otherRequests {
		if r, ok := decodePlain([]byte(text)); ok {
			t.Errorf("%s was read as %+v", text, r)
		}
	}
}

// samePlain: what the quick reader takes, the other takes too, and the same way.
func samePlain(t *testing.T, data []byte) {
	t.Helper()
	quick, ok := decodePlain(data)
	if !ok {
		return
	}
	slow, err := decodeAny(data)
	if err != nil {
		t.Fatalf("%q is refused: %v", data, err)
	}
	if !reflect.DeepEqual(quick, slow) {
		t.Fatalf("%q is read as %+v, and by the quick reader as %+v", data, slow, quick)
	}
}

func TestARequestKeepsNothingOfItsData(t *testing.T) {
	for _, text := range plainRequests {
		data := []byte(text)
		r, err := DecodeRequest(data)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := DecodeRequest([]byte(text))
		for i := range data {
			data[i] = 'x'
		}
		if !reflect.DeepEqual(r, again) {
			t.Errorf("it changed with its data: %+v", r)
		}
	}
}

func FuzzDecodePlain(f *testing.F) {
	for _, text := range append(plainRequests, otherRequests...) {
		f.Add([]byte(text))
	}
	f.Fuzz(samePlain)
}

func BenchmarkDecodeRequest(b *testing.B) {
	data := []byte(plainRequests[0])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeRequest(data); err != nil {
			b.Fatal(err)
		}
	}
}
