// Calls in flight: registered before they are sent, matched to their replies,
// and gone from here after every outcome.

import { refusal, serverError } from "./rpc-codes.js";
import { abortError, checkTimeout, watch } from "./rpc-deadline.js";
import {
  ClientError,
  ConnectionLostError,
  RequestTooLargeError,
  type ServerErrorClasses,
} from "./rpc-errors.js";
import type { Listeners } from "./rpc-listeners.js";
import type { CallOptions, Frame } from "./rpc-options.js";
import {
  type Request,
  byteLength,
  callRequest,
  cancelRequest,
  commandOverhead,
  decodeReply,
  newCorrelationId,
  notifyRequest,
} from "./rpc-wire.js";

/** What calls need of the connection. */
export interface Link {
  /** Whether a request can be sent and its reply can arrive. */
  readonly ready: boolean;
  readonly maxRequestSize: number;
  readonly replyChannel: string;
  /** Resolves at the acknowledgement; rejects with the code of Centrifuge, below 100 if made by its SDK. */
  publish(request: Request): Promise<unknown>;
}

interface Call {
  readonly id: string;
  readonly op: "call" | "notify";
  readonly method: string;
  /** The params as they were when the call was made: what is sent again must be the same. */
  readonly params: string;
  readonly idempotent: boolean;
  readonly errors: ServerErrorClasses | undefined;
  /** When to give up, on the clock of performance.now(). */
  readonly deadline: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Ends its timer and its listener. */
  stop: () => void;
  /** Whether it is out on the present connection. */
  sent: boolean;
  sentBefore: boolean;
}

/** The code with which the SDK says that it could not write a command. */
const writeFailed = 10;

/** All calls of a client that have no outcome yet. */
export class Calls {
  readonly #pending = new Map<string, Call>();
  readonly #link: Link;
  readonly #timeout: number;
  readonly #frames: Listeners<[Frame]>;

  constructor(link: Link, timeout: number, frames: Listeners<[Frame]>) {
    this.#link = link;
    this.#timeout = timeout;
    this.#frames = frames;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Starts a call or notification. It is sent now if it can be, else when resume() is called. */
  start(op: Call["op"], method: string, params: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const aborted = abortError(options.signal, `${op} ${method}`);
      if (aborted !== undefined) throw aborted;
      const timeout = checkTimeout(options.timeout ?? this.#timeout);
      const call: Call = {
        id: newCorrelationId(),
        op,
        method,
        params: encodeParams(method, params),
        idempotent: options.idempotent === true,
        errors: options.errors,
        deadline: performance.now() + timeout,
        resolve,
        reject,
        stop: () => {},
        sent: false,
        sentBefore: false,
      };
      this.#pending.set(call.id, call);
      call.stop = watch(
        { timeout, signal: options.signal },
        () => describe(call),
        (error) => {
          this.#fail(call, error);
          this.#cancel(call);
        },
      );
      if (this.#link.ready) this.#send(call);
    });
  }

  /** Takes a publication on the reply channel. False means that it is no reply. */
  receive(data: unknown): boolean {
    const reply = decodeReply(data);
    if (reply === undefined) return false;
    const call = this.#pending.get(reply.correlationId);
    // The user's other tabs share the channel: an unknown id is somebody else's.
    if (call === undefined) return true;
    this.#frame("reply", call, data);
    if (!reply.final) return true;
    this.#settle(call);
    const { error } = reply;
    if (error === undefined) call.resolve(reply.result);
    else call.reject(serverError(error.code, error.reason, error.message, error.details, call.errors));
    return true;
  }

  /**
   * What becomes of calls when the connection drops. A call that was sent and
   * not answered may have run or not: it fails, unless its method is idempotent,
   * in which case resume() sends it again under the same correlation id. A call
   * that was not sent goes on waiting.
   */
  connectionLost(): void {
    for (const call of [...this.#pending.values()]) {
      if (!call.sent) continue;
      call.sent = false;
      if (!call.idempotent) this.#fail(call, lost(call));
    }
  }

  /** Sends what waits for a connection. */
  resume(): void {
    for (const call of [...this.#pending.values()]) if (!call.sent) this.#send(call);
  }

  /** Fails every call: those that were sent with ConnectionLostError unless closed, the others with error. */
  failAll(error: (what: string) => ClientError, closed: boolean): void {
    for (const call of [...this.#pending.values()]) {
      this.#fail(call, call.sentBefore && !closed ? lost(call) : error(describe(call)));
    }
  }

  #send(call: Call): void {
    const params: unknown = JSON.parse(call.params);
    const request =
      call.op === "notify"
        ? notifyRequest(call.method, params, call.id)
        : callRequest(
            call.method,
            params,
            call.id,
            this.#link.replyChannel,
            Math.max(1, Math.ceil(call.deadline - performance.now())),
          );
    const limit = this.#link.maxRequestSize;
    const size = byteLength(JSON.stringify(request)) + commandOverhead;
    if (size > limit) {
      const message = `the request for ${call.method} takes ${size} bytes, more than the limit of ${limit}; nothing was sent`;
      this.#fail(call, new RequestTooLargeError(message));
      return;
    }
    this.#frame(call.sentBefore ? "resend" : "publish", call, request);
    call.sent = true;
    call.sentBefore = true;
    this.#link.publish(request).then(
      () => this.#acknowledged(call),
      (error: unknown) => this.#refused(call, error),
    );
  }

  #acknowledged(call: Call): void {
    this.#frame("ack", call, undefined);
    if (call.op === "notify" && this.#settle(call)) call.resolve(undefined);
  }

  #refused(call: Call, error: unknown): void {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code !== "number" || code === writeFailed) {
      this.#fail(call, new ConnectionLostError(`${describe(call)} could not be written`, { cause: error }));
      return;
    }
    // Other codes below 100 are the SDK's own. A missing acknowledgement is no answer yet, and what a
    // dropped connection means is decided in connectionLost().
    if (code < 100) return;
    this.#fail(call, refusal(code, `${describe(call)} was refused: ${String(message)}`));
  }

  #cancel(call: Call): void {
    if (call.op !== "call" || !call.sent || !this.#link.ready) return;
    const request = cancelRequest(call.id);
    this.#frame("cancel", call, request);
    // Best effort: the caller has its outcome already.
    this.#link.publish(request).catch(() => {});
  }

  #fail(call: Call, error: unknown): void {
    if (!this.#settle(call)) return;
    this.#frame("error", call, error);
    call.reject(error);
  }

  /** Forgets the call; false if that was done before. */
  #settle(call: Call): boolean {
    call.stop();
    return this.#pending.delete(call.id);
  }

  #frame(kind: Frame["kind"], call: Call, data: unknown): void {
    if (this.#frames.empty) return;
    const at = performance.timeOrigin + performance.now();
    this.#frames.emit({ kind, correlationId: call.id, method: call.method, at, data });
  }
}

function encodeParams(method: string, params: unknown): string {
  try {
    return JSON.stringify(params ?? {});
  } catch (cause) {
    throw new ClientError(`the params of ${method} cannot be written as JSON: ${String(cause)}`, { cause });
  }
}

function describe(call: Call): string {
  return `${call.op} ${call.method}`;
}

function lost(call: Call): ConnectionLostError {
  return new ConnectionLostError(
    `the connection was lost during ${describe(call)}: whether it ran on the server is unknown`,
  );
}
