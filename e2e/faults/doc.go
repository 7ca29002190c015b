// Package faults is about what becomes of calls when things break: sockets that
// are cut, stalled or half open, servers that restart, are killed or paused, a
// Redis that stalls, empties or is away. Servers and clients are real processes
// (clients in Go, Python and TypeScript, a service in Python that calls are forwarded
// to), between them is package faultproxy.
//
// Each call carries a key of its own in its params. A server writes each run of a
// handler to a journal, with the key; a client tells the outcome of each call. So
// a test counts runs and outcomes.
//
// A client is told as JSON lines what to do:
//
//	{"start":"call","key":"k","method":"work.once","params":{"say":"k",…},"timeout_ms":…,"idempotent":…,"volatile":…}
//	{"start":"notify", …}
//	{"start":"stream", …,"take":…,"pause_ms":…}   leaves after so many items; pauses after each 16
//	{"start":"stream", …,"hold":…}   takes no more after so many items, until {"go_on":"k"}
//	{"cancel":"k"}, {"stats":"s"}, {"close":true}
//	{"subscribe":"channel"}   is done when it is subscribed, under the channel's name
//
// and answers as JSON lines:
//
//	{"ready":true,"left":m}, {"state":"connecting"}, {"closed":true}   m as of before it connected
//	{"done":"k","result":"k"} or "error":"reason" or "client_error":"class" or "fault":…
//	  and of a stream "items":n that came and, with a result, "sent":n as the server says
//	{"frame":"ack","key":"k"} and the same for "resend", "cancel", "held", and "event": one with that "say"
//	{"stats":"s","pending":n,"left":m,"clock":s}   m timers, tasks or goroutines; the time, where it may be false
package faults
