// From the codes of errors to their classes.

import {
  CancelledError,
  ConflictError,
  DeadlineExceededError,
  FailedPreconditionError,
  InternalError,
  InvalidParamsError,
  MethodNotFoundError,
  NotFoundError,
  OutcomeUnknownError,
  PayloadTooLargeError,
  PermissionDeniedError,
  ResourceExhaustedError,
  ServerError,
  type ServerErrorClass,
  type ServerErrorClasses,
  UnauthenticatedError,
  UnavailableError,
} from "./rpc-errors.js";

const classes: ReadonlyMap<number, ServerErrorClass> = new Map<number, ServerErrorClass>([
  [400, InvalidParamsError],
  [401, UnauthenticatedError],
  [403, PermissionDeniedError],
  [404, NotFoundError],
  [405, MethodNotFoundError],
  [409, ConflictError],
  [412, FailedPreconditionError],
  [413, PayloadTooLargeError],
  [429, ResourceExhaustedError],
  [499, CancelledError],
  [500, InternalError],
  [503, UnavailableError],
  [504, DeadlineExceededError],
  [520, OutcomeUnknownError],
]);

/**
 * The error of a reply as an instance of its code's class: the protocol's, or the application's own among
 * `own`. Another code gives a plain ServerError.
 */
export function serverError(
  code: number,
  reason: string,
  message: string,
  details?: unknown,
  own?: ServerErrorClasses,
): ServerError {
  return new (classes.get(code) ?? own?.[code] ?? ServerError)(code, reason, message, details);
}

/** The error for a publish or subscribe command that was refused with a code of Centrifuge, or with ours behind Centrifugo. */
export function refusal(code: number, message: string): ServerError {
  switch (code) {
    case 400:
      return serverError(400, "invalid_params", message);
    case 103:
    case 403:
      return serverError(403, "permission_denied", message);
    case 111:
    case 429:
      return serverError(429, "resource_exhausted", message);
    case 413:
      return serverError(413, "payload_too_large", message);
    case 503:
      return serverError(503, "unavailable", message);
    case 520:
      return serverError(520, "outcome_unknown", message);
    default:
      return new ServerError(code, code === 107 ? "bad_request" : "internal", message);
  }
}
