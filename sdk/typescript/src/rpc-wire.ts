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
  op?: "notify" | "cancel";
  method?: string;
  params?: unknown;
  correlation_id: string;
  reply_to?: string;
  timeout_ms?: number;
}

/** A call's envelope. */
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
export function notifyRequest(method: string, params: unknown, correlationId: string): Request {
  return { op: "notify", method, params, correlation_id: correlationId };
}

/** The envelope that ends a call. */
export function cancelRequest(correlationId: string): Request {
  return { op: "cancel", correlation_id: correlationId };
}

/** The error of a reply. */
export interface ReplyError {
  code: number;
  reason: string;
  message: string;
  details?: unknown;
}

/** A reply envelope: final if it has a result or an error. */
export interface Reply {
  correlationId: string;
  final: boolean;
  result?: unknown;
  error?: ReplyError;
}

/**
 * Reads a publication on the reply channel. Undefined means that it is no reply
 * envelope: other publications may share the channel, and are not ours to judge.
 */
export function decodeReply(data: unknown): Reply | undefined {
  if (!isObject(data)) return undefined;
  const { correlation_id: correlationId, error } = data;
  if (typeof correlationId !== "string" || correlationId === "") return undefined;
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
    return { correlationId, final: true, error: decoded };
  }
  if (hasResult) return { correlationId, final: true, result: data["result"] };
  if ("item" in data || isObject(data["progress"])) return { correlationId, final: false };
  return undefined;
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
}

/** Reads the data of a connect reply, in which another server's application may put anything. */
export function readConnectData(data: unknown): ServerSays {
  const ours = isObject(data) ? data["centrirpc"] : undefined;
  const { max_message_size: size, user_id: user } = isObject(ours) ? ours : {};
  return {
    maxMessageSize: typeof size === "number" && size > 0 ? size : undefined,
    userId: typeof user === "string" && user !== "" ? user : undefined,
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
