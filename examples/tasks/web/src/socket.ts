// WebSockets that the page can cut, to show what becomes of its calls, and that say where they lead to.

const open = new Set<WebSocket>();

let node: string | undefined;

/** The node that the newest WebSocket is connected to, if the server has said so. */
export const currentNode = (): string | undefined => node;

/** The node that a connect reply, a line of a frame, names. */
function nodeOf(frame: unknown): string | undefined {
  const [line = ""] = String(frame).split("\n", 1);
  try {
    const said = (JSON.parse(line) as { connect?: { data?: { centrirpc?: { node?: unknown } } } }).connect?.data?.centrirpc?.node;
    return typeof said === "string" ? said : undefined;
  } catch {
    return undefined;
  }
}

/** A WebSocket that is remembered while it is open. */
export class CuttableWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols);
    node = undefined;
    this.addEventListener("message", (event: MessageEvent) => (node = nodeOf(event.data)), { once: true });
    this.addEventListener("open", () => open.add(this));
    this.addEventListener("close", () => open.delete(this));
  }
}

/**
 * Closes the WebSockets below the client, which is not told: to it the connection is lost. What the server sends
 * from now on goes nowhere. Says whether there were any.
 */
export function cutConnection(): boolean {
  for (const socket of open) socket.close();
  return open.size > 0;
}
