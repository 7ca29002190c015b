package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
)

// stacks are the goroutines of a profile that share a stack: their number, and
// the function that they are in.
var stacks = regexp.MustCompile(`(?m)^(\d+) @.*\n#\t\S+\t(\S+)\+0x`)

// goroutines tells the heap and the number of goroutines, without those that do
// nothing but wait for a call: the engine keeps up to 512 of them.
func goroutines(w http.ResponseWriter, _ *http.Request) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	busy, idle, in := 0, 0, map[string]int{}
	for _, stack := range stacks.FindAllStringSubmatch(profile.String(), -1) {
		n, _ := strconv.Atoi(stack[1])
		if stack[2] == "github.com/centrirpc/centrirpc/calls.(*workers).work" {
			idle += n
			continue
		}
		busy += n
		in[stack[2]] += n
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"goroutines": busy, "idle": idle, "in": in, "heap": m.HeapAlloc})
}
