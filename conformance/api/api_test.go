package api

import "testing"

func TestRouterDescribes(t *testing.T) {
	c := NewRouter().ReflectContract()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
}
