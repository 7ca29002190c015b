package wire

import "strings"

// TraceID is the trace id in a traceparent as W3C Trace Context has it: 32
// lower-case hexadecimal digits. It is empty for what is no traceparent.
func TraceID(traceparent string) string {
	// version, trace id, parent id, flags: 2, 32, 16 and 2 digits with "-" between
	// them. What later versions add comes behind another "-".
	const length = 2 + 1 + 32 + 1 + 16 + 1 + 2
	if len(traceparent) < length {
		return ""
	}
	version, traceID, parentID, flags := traceparent[:2], traceparent[3:35], traceparent[36:52], traceparent[53:length]
	switch {
	case !isHex(version), !isHex(traceID), !isHex(parentID), !isHex(flags),
		traceparent[2] != '-', traceparent[35] != '-', traceparent[52] != '-',
		version == "ff", version == "00" && len(traceparent) > length,
		len(traceparent) > length && traceparent[length] != '-',
		strings.Trim(traceID, "0") == "", strings.Trim(parentID, "0") == "":
		return ""
	}
	return traceID
}

func isHex(digits string) bool {
	for i := 0; i < len(digits); i++ {
		if c := digits[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
