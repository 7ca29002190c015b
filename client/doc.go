// Package client is the Go base client of centrirpc: it holds one WebSocket
// connection to a Centrifuge or Centrifugo server, calls methods over it and
// receives the events of channels.
//
//	c, err := client.NewCentrifugoRPCClient("wss://example.org/connection/websocket", token, "")
//	if err != nil { … }
//	defer c.Close()
//	if err := c.Connect(ctx); err != nil { … }
//	var stats TaskStats
//	err = c.Call(ctx, "tasks.get_stats", TaskStatsParams{UserID: "123"}, &stats)
//
// A call is published on the channel "rpc.requests" with a correlation id of
// its own, and answered on the caller's reply channel, "user#<id>". Generated
// clients put one typed method per RPC method on top of this package.
//
// # Who the client is
//
// Replies come on a channel of the user's, so the client must know the user id:
// it is given, or the "sub" of a token that is a JWT, or else what the server
// says when it accepts the connection. So neither is needed where a server of
// centrirpc's knows its users by cookies ([WithHTTPClient], [WithHeader]), by
// another kind of token, or lets anonymous users in.
//
// # Connections
//
// A lost connection is opened again by itself, after a random delay that grows
// with each failure; subscriptions are then made again. A call that is under
// way when the connection is lost is sent again on the next one, under the same
// correlation id: the server knows whether it runs, or ran, and does not run it
// twice. So it is after a long silence ([WithSilence]), and, with backoff, where
// the server refuses it for now. Where nobody can know any more whether the call
// ran, it ends with the server's wire.OutcomeUnknown.
//
// A call fails with [ErrConnectionLost] instead, because it may or may not have
// run, if it is [Volatile], or the server is one that does not remember calls.
// One that is [Idempotent] is sent again even then.
//
// A call that was not sent yet waits for the connection. All of this is within
// the call's time: until its context ends, or WithTimeout among its options has
// passed, or, without either, the client's own timeout.
//
// # Streams
//
// [Stream] calls a method that sends items before its result:
//
//	rows := client.Stream[Row, Summary](ctx, c, "tasks.import", params)
//	for row, err := range rows.Items() {
//		if err != nil { … }
//		…
//	}
//	summary, err := rows.Result()
//
// Each item comes once and in order, over lost connections too. [OnProgress]
// hears how far a call or a stream has come.
//
// # Errors
//
// Every error is either sent by the server or made here. A [*ServerError] was
// sent by the server: [CodeOf] gives its code, and 0 for anything else. A
// [*ConnectError] says that the server refused the connection itself. All other
// errors are made by this package and wrap one of its Err variables, so that
// errors.Is tells them apart; an error that comes from the caller's context
// wraps that context's error too.
//
// An application's own errors can have types of their own: [ErrorTypes].
//
// # Generated clients
//
// What every generated package needs is here, once, so that values of two APIs
// are of the same type: [Null] for fields that may be left out and may be null;
// [DateTime], [Date], [TimeOfDay] and [ISODuration], which read all forms that Go
// and Pydantic write; [Base64URL], [UTF8Bytes] and [Quoted]; [Union] and
// [UnknownVariant] within unions; [SubscribeTo] and [ChannelName] for typed
// channels; [ContractCheck], which says whether a client is too old for its
// server. The functions named Marshal… and Unmarshal…, [UnionAs], [ReadTag],
// [WithoutTag] and [DetailsOf] are what generated methods consist of.
//
// # Goroutines
//
// A call has no goroutine of its own, and a stream has one.
//
// All methods may be called from any goroutine. Handlers of events, states and
// frames run in order, each handler on a goroutine of its own that exists while
// it has work, never on the one that reads the connection: a handler may block
// and may call any method, Close included. Close waits for every goroutine of
// the client except those that are inside a handler or a token callback.
package client
