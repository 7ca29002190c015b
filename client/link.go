package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/centrifugal/protocol"
	"github.com/coder/websocket"
)

// maxQueued bounds what waits to be written on one connection, in bytes. Over
// it, those who want to send wait.
const maxQueued = 4 << 20

// closeWait is how long Close waits for the server to answer the closing
// handshake.
const closeWait = time.Second

// link is one WebSocket connection, from its handshake to its end. It is never
// opened again: a reconnect makes a new link.
type link struct {
	ws        *websocket.Conn
	transport net.Conn // under ws; nil if the HTTP client does not show it
	session   *session
	codec     codec
	client    *CentrifugoRPCClient // gets what is pushed, from the reader
	margin    time.Duration

	// The rest of the connect reply. The reader writes these before the connect
	// command's waiter is released; they are read by the reader, and by others only
	// after that.
	pong         bool
	watch        *time.Timer // ends the link after silence; nil if the server does not ping
	silence      time.Duration
	identity     *identity // nil until then, and if it is not known
	unidentified error     // why it is not known
	store        string    // names the life of the server's call store; empty if it has none

	ctx    context.Context // ends when the link is lost
	cancel context.CancelFunc
	limit  atomic.Int64 // bytes in a frame
	lastID atomic.Uint32
	pace   pacer

	mu      sync.Mutex
	out     outbox
	queued  uint64 // commands put into out so far
	waiters map[uint32]waiter
	space   chan struct{}   // closed when out was taken by the writer; nil if nobody waits
	cause   error           // why the link is lost; nil while it is not
	subs    map[string]bool // channels that the server subscribed

	begun atomic.Uint64 // commands the writer has taken: what is above was never sent
	wake  chan struct{}

	lost    chan struct{} // closed with cause set: nothing will be answered any more
	stopped chan struct{} // closed to stop the writer
	wg      sync.WaitGroup
}

// waiter gets the reply to a command, on the reader's goroutine. It is one of the
// two, or nobody. An acknowledgement lies in it as a value: that spares every call
// an allocation.
type waiter struct {
	command replyTaker
	ack     acknowledgement
	paced   bool // the acknowledgement lets the next one on
}

// replyTaker gets the reply to a command; it must not block.
type replyTaker interface{ answered(*protocol.Reply) }

type replyFunc func(*protocol.Reply)

func (f replyFunc) answered(r *protocol.Reply) { f(r) }

// dial opens the WebSocket and starts the link's reader and writer.
func dial(ctx context.Context, s *session, c *CentrifugoRPCClient) (*link, error) {
	cfg := &c.cfg
	l := &link{
		session: s,
		codec:   codec{protobuf: cfg.protobuf},
		client:  c,
		margin:  cfg.pingMargin,
		waiters: map[uint32]waiter{},
		subs:    map[string]bool{},
		wake:    make(chan struct{}, 1),
		lost:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	l.limit.Store(DefaultMaxRequestSize)
	l.ctx, l.cancel = context.WithCancel(context.Background())
	options := &websocket.DialOptions{HTTPClient: cfg.httpClient, HTTPHeader: cfg.header}
	if cfg.protobuf {
		options.Subprotocols = []string{protobufSubprotocol}
	}
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { l.transport = info.Conn }}
	ws, _, err := websocket.Dial(httptrace.WithClientTrace(ctx, trace), c.url, options)
	if err != nil {
		l.cancel()
		return nil, err
	}
	if cfg.protobuf && ws.Subprotocol() != protobufSubprotocol {
		l.cancel()
		_ = ws.CloseNow()
		return nil, &ConnectError{Reason: "the server does not speak the protobuf protocol: leave WithProtobuf away"}
	}
	ws.SetReadLimit(cfg.readLimit)
	l.ws = ws
	l.wg.Add(2)
	go l.read()
	go l.write()
	return l, nil
}

// fail ends the link. The first cause stands.
func (l *link) fail(cause error) {
	l.abandon(cause)
	l.cut()
}

// cut closes the socket without a word, which ends every read and write.
func (l *link) cut() {
	if l.transport != nil {
		_ = l.transport.Close()
		return
	}
	_ = l.ws.CloseNow()
}

// abandon releases everybody who waits on the link but leaves the socket open,
// for a closing handshake.
func (l *link) abandon(cause error) {
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		return
	}
	l.cause = cause
	l.waiters = nil
	close(l.lost)
	l.mu.Unlock()
	l.cancel()
}

// end closes the socket, politely if the link is not lost to the other side, and
// waits for the link's goroutines.
func (l *link) end(politely bool) {
	close(l.stopped)
	if politely {
		force := time.AfterFunc(closeWait, l.cut)
		l.flush()
		_ = l.ws.Close(websocket.StatusNormalClosure, "")
		force.Stop()
	} else {
		_ = l.ws.CloseNow()
	}
	l.wg.Wait()
	l.pace.stop()
	if l.watch != nil {
		l.watch.Stop()
	}
}

// flush writes what is queued still: the cancels and acknowledgements of what a
// program ends before it closes the client.
func (l *link) flush() {
	l.mu.Lock()
	left := l.out
	l.out = outbox{}
	l.begun.Store(l.queued)
	l.mu.Unlock()
	_ = left.frames(l.writeFrame) // the connection is closed next
}

// err is why the link is lost, or nil.
func (l *link) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// nextID numbers a command. 0, which it skips after the largest, would be none.
func (l *link) nextID() uint32 {
	for {
		if id := l.lastID.Add(1); id != 0 {
			return id
		}
	}
}

// send queues an encoded command. It waits only where maxQueued is reached: for
// the writer, the end of the link (an error), ctx, or until, if that is not zero.
// The number it returns is for sent.
func (l *link) send(ctx context.Context, until time.Time, id uint32, command []byte, w waiter) (uint64, error) {
	for {
		l.mu.Lock()
		if cause := l.cause; cause != nil {
			l.mu.Unlock()
			return 0, cause
		}
		if len(l.out.buf) == 0 || len(l.out.buf)+len(command) <= maxQueued {
			number := l.queueLocked(id, command, w)
			l.mu.Unlock()
			l.wakeWriter()
			return number, nil
		}
		if l.space == nil {
			l.space = make(chan struct{})
		}
		space := l.space
		l.mu.Unlock()
		if err := l.awaitSpace(ctx, until, space); err != nil {
			return 0, err
		}
	}
}

func (l *link) awaitSpace(ctx context.Context, until time.Time, space <-chan struct{}) error {
	var late <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-space:
	case <-l.lost:
	case <-late:
		return ErrTimeout
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// sendNow queues as send does, but neither waits nor heeds the bound: it is for
// what must not wait for the writer, such as the reader's goroutine.
func (l *link) sendNow(id uint32, command []byte, w waiter) error {
	l.mu.Lock()
	if cause := l.cause; cause != nil {
		l.mu.Unlock()
		return cause
	}
	l.queueLocked(id, command, w)
	l.mu.Unlock()
	l.wakeWriter()
	return nil
}

func (l *link) queueLocked(id uint32, command []byte, w waiter) uint64 {
	if w.command != nil || w.ack.c != nil {
		l.waiters[id] = w
	}
	l.out.add(command, l.codec.separator(), int(l.limit.Load()))
	l.queued++
	return l.queued
}

func (l *link) wakeWriter() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// sent reports whether the command with that number may have reached the server.
// It is exact once the link is lost.
func (l *link) sent(number uint64) bool { return l.begun.Load() >= number }

// forget drops the waiter of a command whose answer is no longer wanted.
func (l *link) forget(id uint32) {
	l.mu.Lock()
	paced := l.waiters[id].paced
	delete(l.waiters, id)
	l.mu.Unlock()
	if paced {
		l.pace.acknowledged()
	}
}

// serverSide reports whether the server subscribed the connection to channel.
func (l *link) serverSide(channel string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.subs[channel]
}

// isReplyChannel reports whether replies come on the channel.
func (l *link) isReplyChannel(channel string) bool {
	return l.identity != nil && l.identity.replyChannel == channel
}

func (l *link) write() {
	defer l.wg.Done()
	var spare outbox
	for {
		select {
		case <-l.wake:
		case <-l.stopped:
			return
		case <-l.lost:
			return
		}
		// Those who are about to send get their turn first: what they send shares
		// the frame, and the system call.
		runtime.Gosched()
		l.mu.Lock()
		if l.cause != nil {
			l.mu.Unlock()
			return
		}
		full := l.out
		l.out, spare = spare, full
		l.begun.Store(l.queued)
		if l.space != nil {
			close(l.space)
			l.space = nil
		}
		l.mu.Unlock()
		if err := spare.frames(l.writeFrame); err != nil {
			// The reader most often learns why, from the server's close frame:
			// leave it the time to.
			late := time.AfterFunc(closeWait, func() { l.fail(fmt.Errorf("writing: %w", err)) })
			<-l.lost
			late.Stop()
			return
		}
		spare.reset()
	}
}

func (l *link) writeFrame(frame []byte) error {
	// No deadline: a server that stops reading misses our pongs and closes the
	// connection, or is silent, and the watch ends the link.
	return l.ws.Write(context.Background(), l.codec.frame(), frame)
}

func (l *link) read() {
	defer l.wg.Done()
	l.fail(l.readFrames())
}

func (l *link) readFrames() error {
	var frame []byte
	for {
		_, r, err := l.ws.Reader(context.Background())
		if err != nil {
			return readError(err)
		}
		if frame, err = readAll(frame, r); err != nil {
			return readError(err)
		}
		if l.watch != nil {
			l.watch.Reset(l.silence)
		}
		if err := l.frame(frame); err != nil {
			return err
		}
		frame = reuse(frame)
	}
}

// readAll reads r into b's memory.
func readAll(b []byte, r io.Reader) ([]byte, error) {
	b = b[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, make([]byte, max(4096, cap(b)))...)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

func (l *link) emptyCommand() []byte {
	b, _ := l.codec.appendCommand(nil, &protocol.Command{})
	return b
}

// connected takes what the connect reply says of the connection itself. The
// reader calls it before it reads on.
func (l *link) connected(res *protocol.ConnectResult) {
	said := readConnectData(res.Data)
	l.limit.Store(int64(l.client.requestLimit(said)))
	l.identity, l.unidentified = l.client.identify(said)
	l.store = said.store()
	l.pong = res.Pong
	if res.Ping > 0 {
		l.silence = time.Duration(res.Ping)*time.Second + l.margin
		l.watch = time.AfterFunc(l.silence, func() {
			l.fail(fmt.Errorf("the server was silent for %s", l.silence))
		})
	}
	l.mu.Lock()
	for channel := range res.Subs {
		l.subs[channel] = true
	}
	l.mu.Unlock()
}

// subscribed takes what a server says with the reply channel that it could not say
// at connect: behind Centrifugo, whoever has a token is let in without asking our
// server. It is called as connected is.
func (l *link) subscribed(data []byte) {
	said := readConnectData(data)
	if l.store != "" || said.store() == "" {
		return
	}
	l.store = said.store()
	l.limit.Store(int64(l.client.requestLimit(said)))
}

// closedError is a connection that the server closed with a code.
type closedError struct {
	code   uint32
	reason string
}

func (e *closedError) Error() string {
	return fmt.Sprintf("the server closed the connection: %s (%d)", e.reason, e.code)
}

// terminal reports whether the code forbids a reconnect.
func (e *closedError) terminal() bool {
	return e.code >= 3500 && e.code <= 3999 || e.code >= 4500 && e.code <= 4999
}

// errFrameTooLarge is the end of a connection over the size of a frame. What was
// under way is not sent again: it may be what was too large.
var errFrameTooLarge = errors.New("a frame was too large")

func readError(err error) error {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return fmt.Errorf("%w for this client: raise WithReadLimit", errFrameTooLarge)
	}
	if ce, ok := errors.AsType[websocket.CloseError](err); ok {
		if ce.Code == websocket.StatusMessageTooBig {
			return fmt.Errorf("%w for the server: lower WithMaxRequestSize", errFrameTooLarge)
		}
		return &closedError{code: uint32(ce.Code), reason: ce.Reason}
	}
	return fmt.Errorf("reading: %w", err)
}
