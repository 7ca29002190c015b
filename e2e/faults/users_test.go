package faults

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// Many users, each with two tabs that nginx has put on whichever node: nobody hears a
// word that is another one's. What is said is judged by its content, of all that comes.
func TestNobodyHearsAnotherUsersReplies(t *testing.T) {
	const users, tabs, each = 40, 2, 15
	s := newSite(t, nil)
	var all sync.WaitGroup
	for u := range users {
		for tab := range tabs {
			user := fmt.Sprintf("user%d", u)
			conn, _, err := websocket.Dial(t.Context(), "ws://"+s.nginx.Addr()+"/connection/websocket", nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.CloseNow() })
			all.Go(func() { eavesdrop(t, conn, user, tab, tabs*each) })
			all.Go(func() {
				write := func(line string) {
					if err := conn.Write(t.Context(), websocket.MessageText, []byte(line)); err != nil {
						t.Error(err)
					}
				}
				write(fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, token(t, user)))
				for i := range each {
					// All users choose the same correlation ids.
					id := fmt.Sprintf("tab%d-%d", tab, i)
					write(fmt.Sprintf(`{"id":%d,"publish":{"channel":"rpc.requests","data":{"method":"work.once","params":{"say":"of %s: %s","ms":%d},"correlation_id":%q,"reply_to":"user#%s"}}}`,
						i+2, user, id, i, id, user))
				}
			})
		}
	}
	all.Wait()
	for _, n := range s.nodes {
		if got := n.connections(); got < users*tabs/6 {
			t.Errorf("the node at %s has %d of %d connections", n.addr, got, users*tabs)
		}
	}
}

// eavesdrop reads all that comes to one tab until the user's own replies are there, and
// looks for others'. A tab hears of its user's other tab, too.
func eavesdrop(t *testing.T, conn *websocket.Conn, user string, tab, replies int) {
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	own := map[string]bool{}
	mine := func() (n int) {
		for text := range own {
			if strings.HasPrefix(text, fmt.Sprintf("%s: tab%d-", user, tab)) {
				n++
			}
		}
		return n
	}
	for mine() < replies/2 {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			t.Errorf("%s heard %d of its %d replies: %v", user, mine(), replies/2, err)
			return
		}
		for _, part := range strings.Split(string(frame), `"of `)[1:] {
			text, _, _ := strings.Cut(part, `"`)
			if !strings.HasPrefix(text, user+": ") {
				t.Errorf("%s hears %q", user, text)
			}
			own[text] = true
		}
		if other := strings.Count(string(frame), "user#"); other != strings.Count(string(frame), "user#"+user+`"`) {
			t.Errorf("%s hears on another's channel: %s", user, frame)
		}
	}
}

// Two tabs of one user, in each language: replies go to all tabs, and each takes its own.
func TestTabsOnDifferentNodes(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	var tabs []*rig
	for _, language := range append(languages, "go", "typescript") {
		tabs = append(tabs, s.connect(language, "u1"))
	}
	var keys [][]string
	for i, tab := range tabs {
		keys = append(keys, tab.start(order{Key: fmt.Sprintf("tab%d-", i), Method: "work.once", Params: work{MS: 20}}, 50))
	}
	for i, tab := range tabs {
		tab.want(keys[i], itself, 1)
		tab.finish()
	}
}
