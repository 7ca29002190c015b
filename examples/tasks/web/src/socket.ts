// WebSockets that the page can cut, to show what becomes of its calls.

const open = new Set<WebSocket>();

/** A WebSocket that is remembered while it is open. */
export class CuttableWebSocket extends WebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols);
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
