package main

import "testing"

// Pages hear of a node on one's own machine only.
func TestNodeName(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8000": "127.0.0.1:8000", "[::1]:8000": "[::1]:8000",
		"0.0.0.0:8000": "", "[::]:8000": "", ":8000": "", "10.1.2.3:8000": "", "inside.example:8000": "", "": "",
	} {
		if got := nodeName(addr); got != want {
			t.Errorf("nodeName(%q) = %q, want %q", addr, got, want)
		}
	}
}
