// Who the user is, and the connection made for them.

import { APIClient, CentrifugoRPCClient } from "../../sdk/typescript/index.js";
import { CuttableWebSocket } from "./socket.js";

/** A refusal by GET /token, in words. */
export class BadUserError extends Error {}

interface Pass {
  token: string;
  /** The WebSocket's URL, if it is not this page's server that has it. */
  connect?: string;
}

async function fetchPass(user: string): Promise<Pass> {
  const response = await fetch(`/token?${new URLSearchParams({ user })}`).catch((cause: unknown) => {
    throw new Error("the server cannot be reached", { cause });
  });
  const answer = (await response.json()) as Partial<Pass> & { error?: string };
  if (response.ok && answer.token !== undefined) return { ...answer, token: answer.token };
  throw new BadUserError(answer.error ?? `the server answered ${response.status}`);
}

const fallbacks = [
  { transport: "http_stream" as const, endpoint: "/connection/http_stream" },
  { transport: "sse" as const, endpoint: "/connection/sse" },
];

/** The API as the user, not connected yet. */
export async function openSession(user: string): Promise<APIClient> {
  const { token, connect } = await fetchPass(user);
  const own = new URL("/connection/websocket", location.href);
  own.protocol = own.protocol.replace("http", "ws");
  const rpc = new CentrifugoRPCClient(connect ?? own.href, token, undefined, {
    getToken: async () => (await fetchPass(user)).token,
    websocket: CuttableWebSocket,
    transports: connect === undefined ? fallbacks : undefined,
  });
  return new APIClient(rpc);
}

const storageKey = "tasks.user";

/** The user of the last visit, or a new guest. */
export function rememberedUser(): string {
  return localStorage.getItem(storageKey) ?? `guest-${Math.random().toString(36).slice(2, 6)}`;
}

export function rememberUser(user: string): void {
  localStorage.setItem(storageKey, user);
}
