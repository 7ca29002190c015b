// Who the user is, and the connection made for them.

import { APIClient, CentrifugoRPCClient } from "../../sdk/typescript/index.js";
import { CuttableWebSocket } from "./socket.js";

/** A refusal by GET /token, in words. */
export class BadUserError extends Error {}

async function fetchToken(user: string): Promise<string> {
  const response = await fetch(`/token?${new URLSearchParams({ user })}`).catch((cause: unknown) => {
    throw new Error("the server cannot be reached", { cause });
  });
  const answer = (await response.json()) as { token?: string; error?: string };
  if (response.ok && answer.token !== undefined) return answer.token;
  throw new BadUserError(answer.error ?? `the server answered ${response.status}`);
}

/** The API as the user, not connected yet. */
export async function openSession(user: string): Promise<APIClient> {
  const token = await fetchToken(user);
  const url = new URL("/connection/websocket", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const rpc = new CentrifugoRPCClient(url.href, token, undefined, {
    getToken: () => fetchToken(user),
    websocket: CuttableWebSocket,
    transports: [
      { transport: "http_stream", endpoint: "/connection/http_stream" },
      { transport: "sse", endpoint: "/connection/sse" },
    ],
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
