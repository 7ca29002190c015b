// Calls in flight: registered before they are sent, sent again until there is an
// answer, matched to their replies, and gone from here after every outcome.

import { Alarm } from "./rpc-alarm.js";
import { type Call, type Outcome, describe, lost, maySend, newCall, timeLeft } from "./rpc-call.js";
import { refusal, serverError } from "./rpc-codes.js";
import { checkTimeout, watch } from "./rpc-deadline.js";
import {
  CallAbortedError,
  CallTimeoutError,
  ClientError,
  ConnectionLostError,
  RequestTooLargeError,
} from "./rpc-errors.js";
import { Items } from "./rpc-items.js";
import { type Listeners, type Report, guarded } from "./rpc-listeners.js";
import type { CallOptions, Frame } from "./rpc-options.js";
import { Pace } from "./rpc-pace.js";
import { Received } from "./rpc-received.js";
import { backoff, passesLater, unknownOutcome } from "./rpc-retry.js";
import type { StreamCall, StreamSink } from "./rpc-stream.js";
import {
  type Reply,
  type Request,
  byteLength,
  callRequest,
  cancelRequest,
  commandOverhead,
  decodeReply,
  isTraceparent,
  itemsRequest,
  notifyRequest,
  receivedRequest,
  resumeRequest,
} from "./rpc-wire.js";

/** What calls need of the connection. */
export interface Link {
  /** Whether a request can be sent and its reply can arrive. */
  readonly ready: boolean;
  readonly maxRequestSize: number;
  readonly replyChannel: string;
  /** The life of the server's memory of calls; undefined if there is none to rely on. */
  readonly store: string | undefined;
  /** Resolves at the acknowledgement; rejects with the code of Centrifuge, below 100 if made by its SDK. */
  publish(request: Request): Promise<unknown>;
}

/** The code with which the SDK says that it could not write a command. */
const writeFailed = 10;

/** The bound of the silence that doubles, in milliseconds, unless it is longer from the start. */
const longestSilence = 60_000;

/** What is reckoned for a request of ours that has no params, in bytes. */
const smallRequest = 512;

/** How many calls may be given up while there is no connection, and be cancelled later. */
const maxCancels = 256;

/** All calls of a client that have no outcome yet. */
export class Calls {
  readonly #pending = new Map<string, Call>();
  readonly #link: Link;
  readonly #timeout: number;
  readonly #silence: number;
  readonly #traceparent: (() => string | undefined) | undefined;
  readonly #frames: Listeners<[Frame]>;
  readonly #report: Report;
  /** Through it goes what is sent again, and what has waited for a connection. */
  readonly #pace = new Pace<Call>((call) => this.#send(call));
  readonly #alarm = new Alarm(() => this.#sendDue());
  /** Calls given up while there was no connection to say so. */
  #cancels: Call[] = [];
  readonly #received = new Received(() => this.#flush());

  constructor(
    link: Link,
    timeout: number,
    silence: number,
    traceparent: (() => string | undefined) | undefined,
    frames: Listeners<[Frame]>,
    report: Report,
  ) {
    this.#link = link;
    this.#timeout = timeout;
    this.#silence = checkTimeout(silence, "silence");
    this.#traceparent = traceparent;
    this.#frames = frames;
    this.#report = report;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Starts a call or notification. It is sent now if it can be, else when resume() is called. */
  start(op: "call" | "notify", method: string, params: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#start(
        newCall(op, method, params, options, this.#timeout, this.#place(options), { resolve, reject }),
        options,
      );
    });
  }

  /** Starts a stream. What it throws says that it was not started. */
  stream(method: string, params: unknown, options: CallOptions, sink: StreamSink): StreamCall {
    const outcome: Outcome = {
      resolve: (result) => sink.resolve(result),
      reject: (error) => sink.reject(error),
    };
    const call = newCall("stream", method, params, options, this.#timeout, this.#place(options), outcome);
    const items = new Items({
      deliver: (item) => sink.deliver(item),
      resume: (next) => this.#resumeItems(call, next),
      acknowledge: (last) => this.#acknowledgeItems(call, items, last),
    });
    call.items = items;
    this.#start(call, options);
    return {
      taken: () => {
        if (this.#pending.has(call.id)) items.taken();
      },
      cancel: () => this.#giveUp(call, new CallAbortedError(`${describe(call)} was cancelled`)),
    };
  }

  /** Takes a publication on the reply channel. False means that it is no reply. */
  receive(data: unknown): boolean {
    const reply = decodeReply(data);
    if (reply === undefined) return false;
    const call = this.#pending.get(reply.correlationId);
    // The user's other tabs share the channel: an unknown id is somebody else's, or was answered before.
    if (call === undefined) return true;
    this.#sign(call);
    this.#frame(reply.kind, call, data);
    const { kind, seq, progress } = reply;
    if (kind === "item" && seq !== undefined) call.items?.receive(seq, reply.item);
    if (progress !== undefined && call.onProgress !== undefined)
      guarded(this.#report, call.onProgress, progress);
    if (kind !== "reply") return true;
    if (call.items === undefined || seq === undefined) this.#answer(call, reply);
    else call.items.end(seq, () => this.#answer(call, reply));
    return true;
  }

  /**
   * The connection dropped. What was sent is sent again by resume(), unless it may have run and the server could
   * not tell: then it fails. What was not sent goes on waiting.
   */
  connectionLost(): void {
    this.#quiet();
    for (const call of [...this.#pending.values()]) {
      call.due = Infinity;
      call.silence = 0;
      call.items?.stop();
      if (!call.sent) continue;
      call.sent = false;
      if (!maySend(call, call.claim?.store)) this.#fail(call, lost(call));
    }
  }

  /** Sends what waits for a connection. */
  resume(): void {
    this.#received.connected(this.#link.store);
    // After a sleep, calls may be over that their timers have not ended yet.
    for (const call of [...this.#pending.values()]) if (timeLeft(call) <= 0) this.#expire(call);
    for (const call of this.#cancels.splice(0)) this.#cancel(call);
    this.#pace.add([...this.#pending.values()].filter((call) => !call.sent));
  }

  /** Fails every call: those that may have run with ConnectionLostError unless closed, the others with error. */
  failAll(error: (what: string) => ClientError, closed: boolean): void {
    this.#quiet();
    this.#received.clear();
    this.#cancels = [];
    for (const call of [...this.#pending.values()]) {
      this.#fail(call, call.claim !== undefined && !closed ? lost(call) : error(describe(call)));
    }
  }

  #start(call: Call, options: CallOptions): void {
    this.#pending.set(call.id, call);
    call.stop = watch(
      { timeout: call.timeout, signal: options.signal },
      () => describe(call),
      (error) => {
        if (error instanceof CallTimeoutError) this.#expire(call);
        else this.#giveUp(call, error);
      },
    );
    if (this.#link.ready) this.#send(call);
  }

  #send(call: Call): void {
    if (!this.#link.ready) return;
    const { store } = this.#link;
    const left = timeLeft(call);
    if (left <= 0) return this.#expire(call);
    if (!maySend(call, store)) return this.#fail(call, lost(call));
    const { request, size } = this.#request(call, Math.max(1, Math.ceil(left)));
    const limit = this.#link.maxRequestSize;
    if (size > limit) {
      const message = `the request for ${call.method} takes ${size} bytes, more than the limit of ${limit}; nothing was sent`;
      return this.#fail(call, call.claim === undefined ? new RequestTooLargeError(message) : lost(call));
    }
    const first = call.claim === undefined;
    call.claim ??= { store };
    const send = ++call.sends;
    call.sent = true;
    call.silence ||= this.#silence;
    this.#expectSign(call);
    this.#frame(send > 1 ? "resend" : "publish", call, request);
    if (!this.#pending.has(call.id)) return; // ended by who saw the frame
    this.#publish(request, size).then(
      () => this.#acknowledged(call),
      (error: unknown) => this.#refused(call, error, send, first),
    );
    call.items?.asked();
  }

  /** The place of a call made now in the caller's trace, or undefined. */
  #place(options: CallOptions): string | undefined {
    let place: unknown = options.traceparent;
    try {
      place ??= this.#traceparent?.();
    } catch (error) {
      this.#report(error);
    }
    return isTraceparent(place) ? place : undefined;
  }

  /** A call's request, and what it takes of a frame, in bytes. */
  #request(call: Call, left: number): { request: Request; size: number } {
    const params: unknown = JSON.parse(call.params);
    const request =
      call.op === "notify"
        ? notifyRequest(call.method, params, call.id, left)
        : callRequest(call.method, params, call.id, this.#link.replyChannel, left);
    if (call.traceparent !== undefined) request.traceparent = call.traceparent;
    // What follows fits into the overhead, so that what was sent once can be sent again.
    const size = byteLength(JSON.stringify(request)) + commandOverhead;
    if (call.claim !== undefined) {
      if (call.claim.store !== undefined) request.store = call.claim.store;
      if (call.items !== undefined) request.seq = call.items.next;
    }
    return { request, size };
  }

  /** Publishes a request of that size, together with as many received ids as fit. */
  #publish(request: Request, size = smallRequest): Promise<unknown> {
    const received =
      this.#link.store === undefined ? [] : this.#received.take(this.#link.maxRequestSize - size);
    if (received.length > 0) request.received = received;
    return this.#link.publish(request);
  }

  #acknowledged(call: Call): void {
    this.#frame("ack", call, undefined);
    if (!this.#pending.has(call.id)) return;
    // One more acknowledgement says that the server knows the call, not that its reply is still to come.
    if (call.acknowledged) this.#accepted(call);
    else this.#sign(call);
    call.acknowledged = true;
    if (call.op === "notify" && this.#settle(call)) call.resolve(undefined);
  }

  #refused(call: Call, error: unknown, send: number, first: boolean): void {
    if (!this.#pending.has(call.id)) return;
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code !== "number" || code === writeFailed) {
      this.#pace.acknowledged(call);
      if (call.sent && !maySend(call, this.#link.store))
        this.#fail(call, new ConnectionLostError(`${describe(call)} could not be written`, { cause: error }));
      else this.#sendAfter(call, backoff(call.refusals++));
      return;
    }
    // Other codes below 100 are the SDK's own. A missing acknowledgement is no answer yet, and what a
    // dropped connection means is decided in connectionLost().
    if (code < 100) return;
    const refused = refusal(code, `${describe(call)} was refused: ${String(message)}`);
    if (!passesLater(code)) return this.#fail(call, refused);
    this.#pace.acknowledged(call);
    if (send !== call.sends || !call.sent) return; // it is out again, or will be
    call.refusal = refused;
    call.sent = false;
    const known = call.claim?.store !== undefined;
    if (first && !(code === unknownOutcome && known)) call.claim = undefined;
    this.#sendAfter(call, backoff(call.refusals++));
  }

  /** There was a sign of life of the call. */
  #sign(call: Call): void {
    this.#accepted(call);
    call.silence = this.#silence;
    if (call.sent) this.#expectSign(call);
  }

  /** The server did not refuse the call. */
  #accepted(call: Call): void {
    this.#pace.acknowledged(call);
    call.refusals = 0;
    call.refusal = undefined;
  }

  /** Sends the call again when nothing is heard of it, if it may be sent again at all. */
  #expectSign(call: Call): void {
    const again = maySend(call, this.#link.store);
    call.due = again ? performance.now() + call.silence : Infinity;
    this.#alarm.by(call.due);
  }

  #sendAfter(call: Call, delay: number): void {
    if (!this.#link.ready) return;
    call.due = performance.now() + delay;
    this.#alarm.by(call.due);
  }

  #sendDue(): void {
    const now = performance.now();
    const due: Call[] = [];
    let next = Infinity;
    for (const call of this.#pending.values()) {
      if (call.due > now) {
        next = Math.min(next, call.due);
        continue;
      }
      call.due = Infinity;
      if (call.sent) call.silence = Math.min(2 * call.silence, Math.max(longestSilence, this.#silence));
      due.push(call);
    }
    this.#alarm.by(next);
    this.#pace.add(due);
  }

  #answer(call: Call, reply: Reply): void {
    if (!this.#settle(call)) return;
    if (call.op !== "notify" && !call.volatile && call.claim?.store !== undefined)
      this.#received.add(call.id);
    const last = call.items?.unacknowledged;
    // The server keeps a stream's items until it knows that nobody will ask for them again.
    if (last !== undefined && this.#link.ready) this.#publish(itemsRequest(call.id, last)).catch(() => {});
    const { error } = reply;
    if (error === undefined) call.resolve(reply.result);
    else call.reject(serverError(error.code, error.reason, error.message, error.details, call.errors));
  }

  /** The call's time is over. */
  #expire(call: Call): void {
    const refused = call.refusal;
    if (refused !== undefined && call.claim === undefined) return this.#giveUp(call, refused);
    const message = `${describe(call)} did not finish within ${call.timeout} ms`;
    this.#giveUp(call, new CallTimeoutError(message, refused && { cause: refused }));
  }

  /** Fails the call, and tells the server that nobody waits for it. */
  #giveUp(call: Call, error: unknown): void {
    if (!this.#pending.has(call.id)) return;
    this.#fail(call, error);
    if (call.op === "notify" || call.claim === undefined) return;
    if (this.#link.ready) return this.#cancel(call);
    this.#cancels.push(call);
    if (this.#cancels.length > maxCancels) this.#cancels.shift();
  }

  #cancel(call: Call): void {
    const request = cancelRequest(call.id);
    this.#frame("cancel", call, request);
    // Best effort: the caller has its outcome already.
    this.#publish(request).catch(() => {});
  }

  #fail(call: Call, error: unknown): void {
    if (!this.#settle(call)) return;
    this.#frame("error", call, error);
    call.reject(error);
  }

  /** Forgets the call; false if that was done before. */
  #settle(call: Call): boolean {
    if (!this.#pending.delete(call.id)) return false;
    call.stop();
    call.items?.stop();
    this.#pace.remove(call);
    if (this.#pending.size === 0) this.#alarm.clear();
    return true;
  }

  #resumeItems(call: Call, next: number): void {
    if (!this.#link.ready || !call.sent) return;
    this.#publish(resumeRequest(call.id, this.#link.replyChannel, next)).catch(() => {});
  }

  #acknowledgeItems(call: Call, items: Items, last: number): void {
    if (!this.#link.ready) return;
    this.#publish(itemsRequest(call.id, last)).catch(() => {
      if (this.#pending.has(call.id) && this.#link.ready) items.unsure();
    });
  }

  /** Sends the ids of what was received on their own. */
  #flush(): void {
    while (this.#link.ready && this.#link.store !== undefined) {
      const [first, ...more] = this.#received.take(this.#link.maxRequestSize - smallRequest);
      if (first === undefined) return;
      this.#link.publish(receivedRequest([first, ...more])).catch(() => {});
    }
  }

  /** Sends nothing until resume(). */
  #quiet(): void {
    this.#pace.clear();
    this.#alarm.clear();
    this.#received.pause();
  }

  #frame(kind: Frame["kind"], call: Call, data: unknown): void {
    if (this.#frames.empty) return;
    const at = performance.timeOrigin + performance.now();
    this.#frames.emit({ kind, correlationId: call.id, method: call.method, at, data });
  }
}
