// What callers pass in and are told.

import type { Options as CentrifugeOptions, TransportEndpoint } from "centrifuge";

import type { ServerErrorClasses } from "./rpc-errors.js";
import type { WebSocketConstructor } from "./rpc-socket.js";
import type { CallProgress } from "./rpc-wire.js";

export type { CallProgress } from "./rpc-wire.js";

/** Options of a client. */
export interface ClientOptions {
  /**
   * How long a call, notification or subscription may take, in milliseconds. Default 30 000, at most 24 hours;
   * a server refuses calls of more than its MaxCallWait, 1 hour by default, or the method's own timeout.
   */
  timeout?: number | undefined;
  /**
   * Gives a fresh token: called when the token is missing, near its end or refused as expired (109). An
   * empty token ends the connection as refused; an exception is reported and tried again later.
   */
  getToken?: (() => string | Promise<string>) | undefined;
  /**
   * Receive replies on `user.<session>#<id>` instead of `user#<id>`, away from the user's other tabs:
   * 1 to 64 letters, digits, "-" and "_".
   */
  session?: string | undefined;
  /** The largest request in bytes. Default: what the server says at connect, else 65536. */
  maxRequestSize?: number | undefined;
  /**
   * How long nothing may be heard of a call before it is sent again, in milliseconds, doubling each time, up to a
   * minute. Its handler does not run twice. Default 10 000; Infinity never.
   */
  silence?: number | undefined;
  /**
   * Gives the place in the caller's trace, as W3C Trace Context has it ("traceparent"), for each call, notification and
   * stream that is made, or undefined for none. One that is sent again keeps what it had. What is no traceparent is
   * not sent, and an exception goes to onError.
   */
  traceparent?: (() => string | undefined) | undefined;
  /** The WebSocket class. Default: the global one, else that of the package `ws`. */
  websocket?: WebSocketConstructor | undefined;
  /**
   * What to try when a WebSocket at the url cannot be opened, in this order. HTTP transports need
   * `centrifuge.emulationEndpoint` too, unless the page comes from the server itself.
   */
  transports?: TransportEndpoint[] | undefined;
  /**
   * Told of what has no caller to tell: an exception in a handler, a subscription that the server ended,
   * a getToken that failed. Default: console.error.
   */
  onError?: ((error: unknown) => void) | undefined;
  /** Further options of the centrifuge SDK, such as reconnect delays or `emulationEndpoint`. */
  centrifuge?: Omit<Partial<CentrifugeOptions>, "token" | "getToken" | "websocket"> | undefined;
}

/** Options of one call, notification or subscription. */
export interface WaitOptions {
  /** How long it may take, in milliseconds, from now. Default: that of the client, whose bounds hold here, too. */
  timeout?: number | undefined;
  /** Ends it when aborted; a call that was sent is cancelled on the server too. */
  signal?: AbortSignal | undefined;
}

/** Options of one call, notification or stream. */
export interface CallOptions extends WaitOptions {
  /** The method may run twice without harm: it may be sent again whatever the server remembers of it. */
  idempotent?: boolean | undefined;
  /**
   * The server does not remember calls of the method: one that was sent is not sent again, unless it is idempotent
   * too, and fails with ConnectionLostError when the connection drops.
   */
  volatile?: boolean | undefined;
  /** The place in the caller's trace, as W3C Trace Context has it. Default: what the client's option gives. */
  traceparent?: string | undefined;
  /** Called as the handler tells how far it has come. What it throws goes to the client's onError. */
  onProgress?: ((progress: CallProgress) => unknown) | undefined;
  /** The classes of the application's own errors by code, 1000 to 1999; others are a plain ServerError. */
  errors?: ServerErrorClasses | undefined;
}

/** The state of a client. "connected" means that replies can arrive, too. */
export type ConnectionState = "disconnected" | "connecting" | "connected";

/** Why a state was entered, in Centrifuge's words. */
export interface StateReason {
  code: number;
  reason: string;
}

/** One step in the life of a call, for logs and debugging. */
export interface Frame {
  /**
   * "publish", "resend" and "cancel" went out; "ack", "progress", "item" and "reply", which is final, came in;
   * "error": the call failed without a reply.
   */
  kind: "publish" | "ack" | "item" | "progress" | "reply" | "resend" | "cancel" | "error";
  correlationId: string;
  method: string;
  /** Milliseconds since 1970, with fractions. */
  at: number;
  /** The envelope that went out or came in, the error of "error", undefined for "ack". */
  data: unknown;
}

/** A subscription to a channel, made by subscribe(). */
export interface ChannelSubscription {
  readonly channel: string;
  /** Ends it: the handler is not called again. A second time does nothing. */
  unsubscribe(): void;
}
