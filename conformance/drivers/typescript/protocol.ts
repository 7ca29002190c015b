// What the runner and this driver say to each other.

import { ClientError, ConnectError, ServerError } from "../../sdk/typescript/index.js";

export interface Case {
  name: string;
  client?: ClientSpec;
  steps: Step[];
}

export interface ClientSpec {
  token?: string;
  fresh_token?: string;
  user_id?: string;
  session?: string;
  connection?: string;
  url?: string;
  cookie?: string;
  traceparent?: string;
}

export interface Step {
  call?: string;
  notify?: string;
  stream?: string;
  take?: number;
  result_only?: boolean;
  progress?: boolean;
  subscribe?: string;
  unsubscribe?: string;
  events?: number;
  connect?: boolean;
  disconnect?: boolean;
  await_state?: string;
  together?: Step[];
  steps?: Step[];
  on?: string;
  via?: string;
  params?: unknown;
  timeout_ms?: number;
  traceparent?: string;
  abort_after?: string;
  as?: string;
  for?: string;
  after_first?: boolean;
  until_event?: boolean;
}

export interface Outcome {
  ok?: boolean;
  result?: unknown;
  error?: { code: number; reason: string; message: string; details?: unknown; class: string };
  client_error?: string;
  message?: string;
  code?: number;
  events?: unknown[];
  items?: unknown[];
  progress?: unknown[];
  together?: Outcome[];
  steps?: Outcome[];
  fault?: string;
}

/** A client that could not even be made. */
export class ConstructionError extends Error {}

export function failure(error: unknown): Outcome {
  if (error instanceof ServerError) {
    const { code, reason, message, details, name } = error;
    return { error: { code, reason, message, details, class: name } };
  }
  if (error instanceof ConnectError)
    return { client_error: error.name, message: error.message, code: error.code };
  if (error instanceof ClientError) return { client_error: error.name, message: error.message };
  if (error instanceof ConstructionError) return { client_error: "construction", message: error.message };
  return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
