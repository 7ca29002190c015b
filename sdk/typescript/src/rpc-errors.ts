// The errors of calls. Those that the server sent are ServerError; those that
// this client made itself are ClientError. One look at the class tells which.

/** The base of every error that this package makes. */
export class RPCError extends Error {
  override readonly name: string = "RPCError";
}

/** An error that the server sent: a reply's error, or the refusal of a request or a subscription. */
export class ServerError extends RPCError {
  override readonly name: string = "ServerError";
  /** 400..599 are the protocol's codes, 1000..1999 the application's own, others Centrifuge's. */
  readonly code: number;
  /** The stable name of the code, such as "invalid_params". */
  readonly reason: string;
  /** What the server added, or undefined. For invalid_params a list of {@link Fault}. */
  readonly details: unknown;

  constructor(code: number, reason: string, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** A class of errors that the server sends, made of what an error reply holds. */
export type ServerErrorClass = new (
  code: number,
  reason: string,
  message: string,
  details?: unknown,
) => ServerError;

/** Classes of an application's own errors, by code. */
export type ServerErrorClasses = Readonly<Record<number, ServerErrorClass>>;

/** One thing wrong with a call's params: an element of the details of an {@link InvalidParamsError}. */
export interface Fault {
  /** The path to the value in JSON names, such as "items[2].name"; empty for the params as a whole. */
  field: string;
  /** What was broken: "required", "type", "min" and so on. */
  rule: string;
  /** The same in words. */
  message: string;
}

/** 400: the params do not fit the method; the details are a list of {@link Fault}. */
export class InvalidParamsError extends ServerError {
  override readonly name = "InvalidParamsError";
}
/** 401: there is no valid identity; worth a retry with a new token. */
export class UnauthenticatedError extends ServerError {
  override readonly name = "UnauthenticatedError";
}
/** 403: the caller is known and may not do this. */
export class PermissionDeniedError extends ServerError {
  override readonly name = "PermissionDeniedError";
}
/** 404: the thing asked for does not exist. */
export class NotFoundError extends ServerError {
  override readonly name = "NotFoundError";
}
/** 405: there is no such method. */
export class MethodNotFoundError extends ServerError {
  override readonly name = "MethodNotFoundError";
}
/** 409: the correlation id was used with another method or other params. */
export class ConflictError extends ServerError {
  override readonly name = "ConflictError";
}
/** 412: the state of the system forbids the operation. */
export class FailedPreconditionError extends ServerError {
  override readonly name = "FailedPreconditionError";
}
/** 413: the params or the result are larger than the server allows. */
export class PayloadTooLargeError extends ServerError {
  override readonly name = "PayloadTooLargeError";
}
/** 429: a limit is reached; worth a retry with backoff. */
export class ResourceExhaustedError extends ServerError {
  override readonly name = "ResourceExhaustedError";
}
/** 499: the call was cancelled. */
export class CancelledError extends ServerError {
  override readonly name = "CancelledError";
}
/** 500: a fault of the server, whose text stays in the server's log. */
export class InternalError extends ServerError {
  override readonly name = "InternalError";
}
/** 503: the server is draining or cannot reach its store; worth a retry with backoff. */
export class UnavailableError extends ServerError {
  override readonly name = "UnavailableError";
}
/** 504: the call's deadline passed on the server before it ended. */
export class DeadlineExceededError extends ServerError {
  override readonly name = "DeadlineExceededError";
}
/** 520: the node that ran the call died; the call may have taken effect. */
export class OutcomeUnknownError extends ServerError {
  override readonly name = "OutcomeUnknownError";
}

/** An error that this client made itself; the server sent none. */
export class ClientError extends RPCError {
  override readonly name: string = "ClientError";
}
/** There is no connection and none is being made: call connect() first. Nothing was sent. */
export class NotConnectedError extends ClientError {
  override readonly name = "NotConnectedError";
}
/** The connection dropped after the request was sent: whether the method ran is unknown. */
export class ConnectionLostError extends ClientError {
  override readonly name = "ConnectionLostError";
}
/** disconnect() was called while this was under way. */
export class ClientClosedError extends ClientError {
  override readonly name = "ClientClosedError";
}
/** The time allowed passed. A call that was sent may still have taken effect. */
export class CallTimeoutError extends ClientError {
  override readonly name = "CallTimeoutError";
}
/** The AbortSignal given was aborted; its reason is the cause. */
export class CallAbortedError extends ClientError {
  override readonly name = "CallAbortedError";
}
/** The request is larger than the server takes; nothing was sent. */
export class RequestTooLargeError extends ClientError {
  override readonly name = "RequestTooLargeError";
}
/** A result did not have the shape expected. For layers above that check results: this client does not. */
export class InvalidReplyError extends ClientError {
  override readonly name = "InvalidReplyError";
}
/** The connection failed for good; connecting again the same way gives the same answer. */
export class ConnectError extends ClientError {
  override readonly name = "ConnectError";
  /**
   * The code of Centrifuge: 3500 for an invalid token, 109 for an expired one; below 100 made by the SDK; 0 means
   * that the server did not refuse, but this client cannot use the connection.
   */
  readonly code: number;
  /** What Centrifuge says of it. */
  readonly reason: string;

  constructor(code: number, reason: string, options?: ErrorOptions) {
    super(
      code === 0 ? `cannot connect: ${reason}` : `the connection was refused: ${reason} (code ${code})`,
      options,
    );
    this.code = code;
    this.reason = reason;
  }
}
