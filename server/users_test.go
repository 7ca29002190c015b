package server

import "testing"

func TestUsersAreCounted(t *testing.T) {
	u := newUsers(2)
	for i, want := range []bool{true, true, false} {
		if (u.enter(t.Context(), "a") == nil) != want {
			t.Errorf("connection %d: %v; want %v", i+1, !want, want)
		}
	}
	if u.enter(t.Context(), "b") != nil {
		t.Error("another user's connection is refused")
	}
	u.leave("a") // the one that was refused
	u.leave("a")
	if u.enter(t.Context(), "a") != nil {
		t.Error("there is no room after two have left")
	}
	for range 2 {
		u.leave("a")
	}
	u.leave("b")
	if len(u.count) != 0 {
		t.Errorf("%v is left", u.count)
	}
	if unlimited := newUsers(0); unlimited.enter(t.Context(), "a") != nil || len(unlimited.count) != 0 {
		t.Error("without a limit nothing is refused, and nothing counted")
	}
}
