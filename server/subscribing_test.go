package server

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/coder/websocket"
)

func TestFramesWaitForSubscriptionsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s subscribing
		s.wait() // for none
		hold, began := make(chan struct{}), time.Now()
		go s.make(func() { <-hold })
		synctest.Wait()
		waited := make(chan struct{})
		go func() {
			s.wait()
			close(waited)
		}()
		synctest.Wait()
		later := make(chan struct{})
		go s.make(func() { <-later }) // which it does not wait for
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("it has not waited")
		default:
		}
		close(hold)
		<-waited
		if took := time.Since(began); took != 0 {
			t.Errorf("it waited %v longer than it had to", took)
		}
		s.wait() // not for ever
		if took := time.Since(began); took != subscribingTimeout {
			t.Errorf("it waited %v; want %v", took, subscribingTimeout)
		}
		close(later)
		synctest.Wait()
		s.wait()
		if took := time.Since(began); took != subscribingTimeout || len(s.made) != 0 {
			t.Errorf("%v later, %d are under way", took, len(s.made))
		}
	})
}

// The library logs the connect reply when it has queued it, and makes the channels work
// after that: while it is held up in between, the reply must not have gone out.
func TestTheConnectReplyWaitsForItsChannels(t *testing.T) {
	arrived, early := make(chan struct{}), make(chan bool, 1)
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelTrace, LogHandler: func(e centrifuge.LogEntry) {
		if !strings.Contains(fmt.Sprint(e.Fields["reply"]), "connect") {
			return
		}
		select {
		case <-arrived:
			early <- true
		case <-time.After(subscribingTimeout / 3):
			early <- false
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	node.OnConnecting(func(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Context:       context.WithValue(ctx, connectedKey{}, &connected{works: make(chan struct{})}),
			Credentials:   &centrifuge.Credentials{UserID: "456"},
			Subscriptions: map[string]centrifuge.SubscribeOptions{"room": {}},
		}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		close(client.Context().Value(connectedKey{}).(*connected).works)
	})
	node.OnTransportWrite(onTransportWrite)
	if err := node.Run(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = node.Shutdown(context.Background()) }()
	web := httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	defer web.Close()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(web.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"id":1,"connect":{}}`)); err != nil {
		t.Fatal(err)
	}
	_, frame, err := conn.Read(t.Context())
	if err != nil || !strings.Contains(string(frame), `"connect"`) {
		t.Fatalf("%s, %v", frame, err)
	}
	close(arrived)
	if <-early {
		t.Error("the client heard that it is subscribed before it was")
	}
}
