package wire

import (
	"encoding/json"
)

// maxShared is the size up to which an envelope's strings share one copy of it.
// From a larger one they are copied, so that a handler that keeps a correlation
// id does not keep the params.
const maxShared = 1024

// decodePlain reads an envelope in the form in which calls come from clients
// that write compact JSON: the fields of a call that is sent for the first time,
// each at most once, its strings printable ASCII without escapes, its params an object. It is false for
// anything else, which decodeAny then reads, and never reads what that refuses.
func decodePlain(data []byte) (r Request, ok bool) {
	if len(data) < 2 || data[0] != '{' {
		return r, false
	}
	text := ""
	if len(data) <= maxShared {
		text = string(data)
	}
	for i := 1; ; i++ {
		start, end := plainString(data, i)
		if end < 0 || end+2 >= len(data) || data[end+1] != ':' {
			return r, false
		}
		key := data[start:end]
		i = end + 2
		switch string(key) {
		case "method":
			i, ok = takeString(data, text, i, &r.Method)
		case "correlation_id":
			i, ok = takeString(data, text, i, &r.CorrelationID)
		case "reply_to":
			i, ok = takeString(data, text, i, &r.ReplyTo)
		case "params":
			i, ok = takeObject(data, i, &r.Params)
		case "timeout_ms":
			i, ok = takeNumber(data, i, &r.TimeoutMS)
		case "received":
			i, ok = takeStrings(data, text, i, &r.Received)
		default:
			ok = false
		}
		if !ok || i >= len(data) {
			return r, false
		}
		if data[i] == '}' {
			return r, i+1 == len(data)
		}
		if data[i] != ',' {
			return r, false
		}
	}
}

// plainString finds the string that begins at i: what lies between its quotes, or
// an end of -1.
func plainString(data []byte, i int) (start, end int) {
	if i >= len(data) || data[i] != '"' {
		return 0, -1
	}
	for end = i + 1; end < len(data); end++ {
		switch c := data[end]; {
		case c == '"':
			return i + 1, end
		case c < ' ' || c > '~' || c == '\\':
			return 0, -1
		}
	}
	return 0, -1
}

// takeString reads a string that is not empty into a field that is. It returns
// where it ends.
func takeString(data []byte, text string, i int, into *string) (int, bool) {
	start, end := plainString(data, i)
	if end <= start || *into != "" {
		return 0, false
	}
	if text != "" {
		*into = text[start:end]
	} else {
		*into = string(data[start:end])
	}
	return end + 1, true
}

// takeStrings reads a list of strings that are not empty, and not more than
// MaxReceived, into a field that is nil.
func takeStrings(data []byte, text string, i int, into *[]string) (int, bool) {
	if i >= len(data) || data[i] != '[' || *into != nil {
		return 0, false
	}
	for len(*into) < MaxReceived {
		var item string
		end, ok := takeString(data, text, i+1, &item)
		if !ok || end >= len(data) {
			return 0, false
		}
		*into = append(*into, item)
		switch i = end; data[i] {
		case ',':
		case ']':
			return i + 1, true
		default:
			return 0, false
		}
	}
	return 0, false
}

// takeNumber reads a positive integer of at most 15 digits into a field that is 0.
func takeNumber(data []byte, i int, into *int64) (int, bool) {
	start := i
	var n int64
	for ; i < len(data) && data[i] >= '0' && data[i] <= '9' && i-start < 15; i++ {
		n = n*10 + int64(data[i]-'0')
	}
	if i == start || data[start] == '0' || *into != 0 {
		return 0, false
	}
	*into = n
	return i, true
}

// takeObject reads an object into a field that is nil.
func takeObject(data []byte, i int, into *json.RawMessage) (int, bool) {
	if i >= len(data) || data[i] != '{' || *into != nil {
		return 0, false
	}
	depth := 0
	for end := i; end < len(data); end++ {
		switch data[end] {
		case '"':
			for end++; end < len(data) && data[end] != '"'; end++ {
				if data[end] == '\\' {
					end++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth > 0 {
				continue
			}
			if value := data[i : end+1]; json.Valid(value) {
				*into = append(json.RawMessage(nil), value...)
				return end + 1, true
			}
			return 0, false
		}
	}
	return 0, false
}
