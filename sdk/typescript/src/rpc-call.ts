// One call, notification or stream that has no outcome yet.

import { abortError, checkTimeout } from "./rpc-deadline.js";
import { ClientError, ConnectionLostError, type ServerError, type ServerErrorClasses } from "./rpc-errors.js";
import type { Items } from "./rpc-items.js";
import type { CallOptions, CallProgress } from "./rpc-options.js";
import { newCorrelationId } from "./rpc-wire.js";

/** Where a call was sent when the server can first have got it. */
export interface Claim {
  /** The life of the server's memory of the user's calls; undefined if the server has none to rely on. */
  readonly store: string | undefined;
}

/** Takes the outcome of a call, once. */
export interface Outcome {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** A call that has no outcome yet. */
export interface Call extends Outcome {
  readonly id: string;
  readonly op: "call" | "notify" | "stream";
  readonly method: string;
  /** The params as they were when the call was made: what is sent again must be the same. */
  readonly params: string;
  readonly idempotent: boolean;
  readonly volatile: boolean;
  readonly traceparent: string | undefined;
  readonly errors: ServerErrorClasses | undefined;
  readonly onProgress: ((progress: CallProgress) => unknown) | undefined;
  /** The items of a stream. */
  items: Items | undefined;
  /** When to give up, on the clock of performance.now(), and on that of Date.now(). */
  readonly deadline: number;
  readonly wallDeadline: number;
  readonly timeout: number;
  /** Ends its timer and its listener. */
  stop: () => void;
  /** Whether it is out on the present connection. */
  sent: boolean;
  /** Where the server may have claimed it; undefined while it cannot have. */
  claim: Claim | undefined;
  /** Whether a publish of it was acknowledged. */
  acknowledged: boolean;
  /** How often it was published. */
  sends: number;
  /** How often the server refused it for now, in a row, and its latest word if that is such a refusal. */
  refusals: number;
  refusal: ServerError | undefined;
  /** How long nothing may be heard of it before it is sent again, in milliseconds. */
  silence: number;
  /** When it is sent again, on the clock of performance.now(). */
  due: number;
}

/** A call that was not sent. Throws if its signal is aborted, or params or options cannot be used. */
export function newCall(
  op: Call["op"],
  method: string,
  params: unknown,
  options: CallOptions,
  timeout: number,
  traceparent: string | undefined,
  outcome: Outcome,
): Call {
  const aborted = abortError(options.signal, `${op} ${method}`);
  if (aborted !== undefined) throw aborted;
  const time = checkTimeout(options.timeout ?? timeout);
  return {
    id: newCorrelationId(),
    op,
    method,
    params: encodeParams(method, params),
    idempotent: options.idempotent === true,
    volatile: options.volatile === true,
    traceparent,
    errors: options.errors,
    onProgress: options.onProgress,
    items: undefined,
    deadline: performance.now() + time,
    wallDeadline: Date.now() + time,
    timeout: time,
    resolve: outcome.resolve,
    reject: outcome.reject,
    stop: () => {},
    sent: false,
    claim: undefined,
    acknowledged: false,
    sends: 0,
    refusals: 0,
    refusal: undefined,
    silence: 0,
    due: Infinity,
  };
}

/**
 * Whether a call may be sent to a server with that store. One that was sent
 * before may, if it may run twice, or if the server can tell whether it ran.
 */
export function maySend(call: Call, store: string | undefined): boolean {
  const { claim } = call;
  if (claim === undefined || call.idempotent) return true;
  return !call.volatile && claim.store !== undefined && store !== undefined;
}

/**
 * How long a call has left, in milliseconds. Where it may have run before, the
 * wall clock counts as well: other clocks may stand still while a computer
 * sleeps, and the server forgets the call when its time is over.
 */
export function timeLeft(call: Call): number {
  const left = call.deadline - performance.now();
  return call.claim === undefined ? left : Math.min(left, call.wallDeadline - Date.now());
}

/** The call in the words of error messages. */
export function describe(call: Call): string {
  return `${call.op} ${call.method}`;
}

/** The error of a call that was sent and will not be heard of any more. */
export function lost(call: Call): ConnectionLostError {
  return new ConnectionLostError(
    `the connection was lost during ${describe(call)}: whether it ran on the server is unknown`,
  );
}

function encodeParams(method: string, params: unknown): string {
  try {
    return JSON.stringify(params ?? {});
  } catch (cause) {
    throw new ClientError(`the params of ${method} cannot be written as JSON: ${String(cause)}`, { cause });
  }
}
