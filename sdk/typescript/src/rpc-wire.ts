// The wire, version 1: envelopes and channel names.

/** Where requests are published. The server consumes them; nobody can subscribe to it. */
export const requestsChannel = "rpc.requests";

/** The largest frame a server takes if it does not say otherwise, in bytes. */
export const defaultMaxRequestSize = 65536;

/** What is reckoned for the publish command around an envelope, in bytes. */
export const commandOverhead = 256;

/** The longest time a call may take, in milliseconds: 24 hours. */
export const maxTimeout = 86_400_000;

/** A request as it is published. */
export interface Request {
  op?: "notify" | "cancel" | "resume" | "ack";
  method?: string;
  params?: unknown;
  correlation_id: string;
  reply_to?: string;
  timeout_ms?: number;
  /** The first item of a stream that is missing; for "ack" the last one that was taken. */
  seq?: number;
  /** Of a request that is sent again: the life of the server's memory when it was sent first. */
  store?: string;
  /** Calls whose final reply has arrived. */
  received?: string[];
  /** The caller's place in a trace, as W3C Trace Context has it. */
  traceparent?: string;
}

/** Whether a text is a traceparent as W3C Trace Context has it, and not too long for the server. */
export function isTraceparent(text: unknown): text is string {
  return (
    typeof text === "string" &&
    text.length <= 128 &&
    /^(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[ -~]*)?$/.test(
      text,
    )
  );
}

/** A call's envelope, or a stream's. */
export function callRequest(
  method: string,
  params: unknown,
  correlationId: string,
  replyTo: string,
  timeoutMs: number,
): Request {
  return { method, params, correlation_id: correlationId, reply_to: replyTo, timeout_ms: timeoutMs };
}

/** A notification's envelope: it is accepted or refused, never answered. */
export function notifyRequest(
  method: string,
  params: unknown,
  correlationId: string,
  timeoutMs: number,
): Request {
  return { op: "notify", method, params, correlation_id: correlationId, timeout_ms: timeoutMs };
}

/** The envelope that ends a call. */
export function cancelRequest(correlationId: string): Request {
  return { op: "cancel", correlation_id: correlationId };
}

/** The envelope that asks for a stream's items from next on. */
export function resumeRequest(correlationId: string, replyTo: string, next: number): Request {
  return { op: "resume", correlation_id: correlationId, reply_to: replyTo, seq: next };
}

/** The envelope that says which items of a stream were taken. */
export function itemsRequest(correlationId: string, last: number): Request {
  return { op: "ack", correlation_id: correlationId, seq: last };
}

/** The envelope that only says which replies have arrived. */
export function receivedRequest(received: [string, ...string[]]): Request {
  return { op: "ack", correlation_id: received[0], received };
}

/** The error of a reply. */
export interface ReplyError {
  code: number;
  reason: string;
  message: string;
  details?: unknown;
}

/** How far a call has come, in units of the method's own. */
export interface CallProgress {
  done: number;
  /** Left out if it is not known. */
  total?: number;
  message?: string;
}

/** A reply envelope: final if it has a result or an error. */
export interface Reply {
  correlationId: string;
  kind: "reply" | "item" | "progress";
  result?: unknown;
  error?: ReplyError;
  /** The number of a stream's item, from 0; of its final reply, how many items there are. */
  seq?: number;
  item?: unknown;
  progress?: CallProgress;
}

/**
 * Reads a publication on the reply channel. Undefined means that it is no reply
 * envelope: other publications may share the channel, and are not ours to judge.
 */
export function decodeReply(data: unknown): Reply | undefined {
  if (!isObject(data)) return undefined;
  const { correlation_id: correlationId, error } = data;
  if (typeof correlationId !== "string" || correlationId === "") return undefined;
  const seq = sequence(data["seq"]);
  const hasError = error !== undefined && error !== null;
  const hasResult = "result" in data;
  if (hasError) {
    if (hasResult || !isObject(error) || typeof error["code"] !== "number") return undefined;
    const decoded: ReplyError = {
      code: error["code"],
      reason: text(error["reason"]),
      message: text(error["message"]),
    };
    if (error["details"] !== undefined) decoded.details = error["details"];
    return { correlationId, kind: "reply", error: decoded, ...seq };
  }
  if (hasResult) return { correlationId, kind: "reply", result: data["result"], ...seq };
  if ("item" in data) return { correlationId, kind: "item", item: data["item"], ...seq };
  const progress = readProgress(data["progress"]);
  return progress && { correlationId, kind: "progress", progress };
}

function sequence(seq: unknown): { seq?: number } {
  return Number.isSafeInteger(seq) && (seq as number) >= 0 ? { seq: seq as number } : {};
}

function readProgress(data: unknown): CallProgress | undefined {
  if (!isObject(data)) return undefined;
  const { done, total, message } = data;
  const progress: CallProgress = { done: typeof done === "number" ? done : 0 };
  if (typeof total === "number") progress.total = total;
  if (typeof message === "string") progress.message = message;
  return progress;
}

/** The reply channel shared by all connections of a user, or one of this client's own if it has a session. */
export function replyChannel(userId: string, session: string | undefined): string {
  return session === undefined ? `user#${userId}` : `user.${session}#${userId}`;
}

/** What is wrong with a user id, or undefined. */
export function userIdFault(userId: unknown): string | undefined {
  if (typeof userId !== "string") return "the user id is not a string";
  if (userId === "") return "the user id is empty";
  if (userId.length > 128) return `the user id is ${userId.length} characters long; at most 128 are allowed`;
  const bad = /[^!-~]|[:,#*$/]/.exec(userId);
  return bad === null
    ? undefined
    : `the user id ${JSON.stringify(userId)} holds ${JSON.stringify(bad[0])}; characters with a meaning in ` +
        "channel names (: , # * $ /), spaces, control and non-ASCII characters are not allowed";
}

/** What is wrong with the session name of a reply channel, or undefined. */
export function sessionFault(session: string): string | undefined {
  return /^[A-Za-z0-9_-]{1,64}$/.test(session)
    ? undefined
    : `the session ${JSON.stringify(session)} is not 1 to 64 letters, digits, "-" and "_"`;
}

/** What our server tells of itself in the data of its connect reply. */
export interface ServerSays {
  /** The largest frame that it takes, in bytes. */
  readonly maxMessageSize: number | undefined;
  /** Who the client is to it. */
  readonly userId: string | undefined;
  /** The life of its memory of calls; undefined if it has none that a client may rely on. */
  readonly store: string | undefined;
}

/** Reads the data of a connect reply, in which another server's application may put anything. */
export function readConnectData(data: unknown): ServerSays {
  const ours = isObject(data) ? data["centrirpc"] : undefined;
  const { max_message_size: size, user_id: user, store } = isObject(ours) ? ours : {};
  return {
    maxMessageSize: typeof size === "number" && size > 0 ? size : undefined,
    userId: typeof user === "string" && user !== "" ? user : undefined,
    store: typeof store === "string" && /^[ -~]{1,64}$/.test(store) ? store : undefined,
  };
}

const encoder = new TextEncoder();

/** The length of a text in UTF-8, in bytes. */
export function byteLength(value: string): number {
  return encoder.encode(value).length;
}

/** A random UUID, also on pages that were not served over https, where crypto.randomUUID is missing. */
export function newCorrelationId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Whether a value is an object and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
