// The WebSocket: where it comes from, and how much goes into one frame.

import { byteLength } from "./rpc-wire.js";

/** What is used of a WebSocket class. Browsers, Node 22 and the package `ws` have one. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** What is used of a WebSocket. */
export interface WebSocketLike {
  send(data: string | ArrayBufferLike | ArrayBufferView): void;
}

/**
 * The WebSocket class to use: the given one, else the global one, else that of
 * the package `ws` (Node before 22). Throws if there is none.
 */
export async function findWebSocket(given: WebSocketConstructor | undefined): Promise<WebSocketConstructor> {
  const found = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  return found ?? (await importWebSocket("ws"));
}

// The name comes in as a parameter, so that bundlers for browsers do not look for the package.
async function importWebSocket(name: string): Promise<WebSocketConstructor> {
  try {
    const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      WebSocket?: WebSocketConstructor;
      default?: WebSocketConstructor;
    };
    const found = module.WebSocket ?? module.default;
    if (found !== undefined) return found;
  } catch {
    // Said below, in words that tell what to do.
  }
  throw new Error(`there is no WebSocket here: install the package "${name}" or pass the option websocket`);
}

/**
 * A WebSocket class like the given one that never sends a frame larger than
 * limit() bytes if it can help it. The SDK puts commands issued together into
 * one frame, each on its own line, and a server closes the connection for good
 * over a frame that is too large; so a frame is cut between commands.
 */
export function cuttingFrames(Base: WebSocketConstructor, limit: () => number): WebSocketConstructor {
  function Cutting(url: string, protocols?: string | string[]): WebSocketLike {
    const socket = protocols === undefined ? new Base(url) : new Base(url, protocols);
    const send = socket.send.bind(socket);
    socket.send = (data) => {
      if (typeof data !== "string") return send(data);
      for (const frame of cutFrame(data, limit())) send(frame);
    };
    return socket;
  }
  return Cutting as unknown as WebSocketConstructor;
}

/** Cuts lines of commands into frames of at most limit bytes; a longer line stays whole. */
export function cutFrame(data: string, limit: number): string[] {
  // No character takes more than three bytes per UTF-16 unit.
  if (data.length * 3 <= limit) return [data];
  const frames: string[] = [];
  let frame: string[] = [];
  let size = 0;
  for (const line of data.split("\n")) {
    const bytes = byteLength(line) + 1;
    if (frame.length > 0 && size + bytes > limit) {
      frames.push(frame.join("\n"));
      frame = [];
      size = 0;
    }
    frame.push(line);
    size += bytes;
  }
  frames.push(frame.join("\n"));
  return frames;
}
