package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/wire"
)

// peer is the server's side of one connection, written out by a test.
type peer struct {
	t     *testing.T
	ctx   context.Context
	ws    *websocket.Conn
	queue []published
}

// published is a request that the client published.
type published struct {
	command uint32
	wire.Request
}

// accept answers the connect command, as a server with that call store; an empty
// one is none.
func accept(ctx context.Context, t *testing.T, ws *websocket.Conn, store string) (*peer, bool) {
	if _, _, err := ws.Read(ctx); err != nil {
		return nil, false
	}
	ws.SetReadLimit(1 << 20)
	data, _ := json.Marshal(map[string]any{"version": 1, "store": store})
	p := &peer{t: t, ctx: ctx, ws: ws}
	return p, p.send(`{"id":1,"connect":{"client":"x","subs":{"user#456":{}},"data":{"centrirpc":%s}}}`, data)
}

func (p *peer) send(format string, args ...any) bool {
	return send(p.ctx, p.ws, fmt.Sprintf(format, args...)) == nil
}

// next waits for the next request; it is false where the connection ended.
func (p *peer) next() (published, bool) {
	for len(p.queue) == 0 {
		_, frame, err := p.ws.Read(p.ctx)
		if err != nil {
			return published{}, false
		}
		for line := range bytes.SplitSeq(frame, []byte("\n")) {
			var cmd struct {
				ID      uint32
				Publish struct{ Data json.RawMessage }
			}
			if err := json.Unmarshal(line, &cmd); err != nil {
				p.t.Errorf("%q: %v", line, err)
				return published{}, false
			}
			r, err := wire.DecodeRequest(cmd.Publish.Data)
			if err != nil {
				p.t.Errorf("%s: %v", cmd.Publish.Data, err)
				return published{}, false
			}
			p.queue = append(p.queue, published{cmd.ID, r})
		}
	}
	r := p.queue[0]
	p.queue = p.queue[1:]
	return r, true
}

func (p *peer) ack(r published) { p.send(`{"id":%d,"publish":{}}`, r.command) }

func (p *peer) refuse(r published, code int) {
	p.send(`{"id":%d,"error":{"code":%d,"message":"not now"}}`, r.command, code)
}

func (p *peer) push(envelope []byte) {
	p.send(`{"push":{"channel":"user#456","pub":{"data":%s}}}`, envelope)
}

func (p *peer) result(r published, result string) {
	p.push(wire.EncodeResult(r.CorrelationID, json.RawMessage(result)))
}

func (p *peer) progress(r published) {
	told, err := wire.EncodeProgress(r.CorrelationID, wire.Progress{Done: 1})
	if err != nil {
		p.t.Error(err)
	}
	p.push(told)
}
