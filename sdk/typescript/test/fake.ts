// A server that does to requests what a test says: it speaks just enough of the
// protocol of Centrifuge for the SDK, on a real socket.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";

import { CentrifugoRPCClient, type ClientOptions } from "../src/index.js";
import type { Request } from "../src/rpc-wire.js";

interface Command {
  id?: number;
  connect?: object;
  subscribe?: { channel: string };
  publish?: { channel: string; data: Request };
}

/** A request that arrived, and what can be done to it. */
export class FakeRequest {
  readonly data: Request;
  /** Counts the connections, from 1. */
  readonly connection: number;
  readonly at = performance.now();
  acknowledged = false;
  readonly #server: FakeServer;
  readonly #socket: WebSocket;
  readonly #command: number;

  constructor(server: FakeServer, socket: WebSocket, connection: number, command: number, data: Request) {
    this.#server = server;
    this.#socket = socket;
    this.connection = connection;
    this.#command = command;
    this.data = data;
  }

  get id(): string {
    return this.data.correlation_id;
  }

  ack(): this {
    this.acknowledged = true;
    this.#socket.send(JSON.stringify({ id: this.#command, publish: {} }));
    return this;
  }

  refuse(code: number): this {
    this.acknowledged = true;
    this.#socket.send(JSON.stringify({ id: this.#command, error: { code, message: "refused by the test" } }));
    return this;
  }

  /** Publishes a message about this call on the reply channel. */
  send(message: object): this {
    this.#server.publish({ correlation_id: this.id, ...message });
    return this;
  }

  result(result: unknown): this {
    return this.send({ result });
  }

  item(seq: number, item: unknown = seq): this {
    return this.send({ seq, item });
  }

  /** Ends the connection that it came on, without a close frame. */
  cut(): this {
    this.#socket.terminate();
    return this;
  }
}

export class FakeServer {
  readonly requests: FakeRequest[] = [];
  /** The size of each frame that arrived, in bytes. */
  readonly frames: number[] = [];
  /** What is done to a request when it arrives. */
  onRequest: (request: FakeRequest) => unknown = (request) => {
    if (request.data.op !== undefined) request.ack();
    else request.ack().result({});
  };
  store: string | undefined = "e1";
  userId = "ada";
  maxMessageSize = 65536;
  /** Says nothing at connect, and what it has to say with the reply channel, as our backend of a Centrifugo does. */
  behindCentrifugo = false;
  /** Whether connect commands are answered. */
  answering = true;
  connections = 0;
  readonly #http: WebSocketServer;

  private constructor(http: WebSocketServer) {
    this.#http = http;
    http.on("connection", (socket) => this.#serve(socket));
  }

  static async start(t: TestContext): Promise<FakeServer> {
    const http = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(http, "listening");
    const server = new FakeServer(http);
    t.after(() => {
      server.cut();
      http.close();
    });
    return server;
  }

  /** A client of it that is not connected yet. */
  client(t: TestContext, options: ClientOptions = {}): CentrifugoRPCClient {
    const { port } = this.#http.address() as AddressInfo;
    const user = this.behindCentrifugo ? this.userId : undefined;
    const client = new CentrifugoRPCClient(`ws://127.0.0.1:${port}`, "", user, {
      timeout: 10_000,
      ...options,
      centrifuge: { minReconnectDelay: 1, maxReconnectDelay: 5, ...options.centrifuge },
    });
    t.after(() => client.disconnect());
    return client;
  }

  /** A client of it that is connected. */
  async connected(t: TestContext, options: ClientOptions = {}): Promise<CentrifugoRPCClient> {
    const client = this.client(t, options);
    await client.connect();
    return client;
  }

  /** Ends all connections, without a close frame. */
  cut(): void {
    for (const socket of this.#http.clients) socket.terminate();
  }

  /** Publishes on the reply channel. */
  publish(data: unknown): void {
    const push = JSON.stringify({ push: { channel: `user#${this.userId}`, pub: { data } } });
    for (const socket of this.#http.clients) socket.send(push);
  }

  /** The requests with that op ("call" where there is none). */
  of(op: string): FakeRequest[] {
    return this.requests.filter(({ data }) => (data.op ?? "call") === op);
  }

  /** Resolves when so many requests with that op have arrived, with the last of them. */
  async nth(count: number, op = "call"): Promise<FakeRequest> {
    await until(() => this.of(op).length >= count, `${count} requests ${op}`);
    return this.of(op)[count - 1]!;
  }

  #serve(socket: WebSocket): void {
    const connection = ++this.connections;
    socket.on("error", () => {});
    socket.on("message", (frame: Buffer) => {
      this.frames.push(frame.length);
      for (const line of frame.toString().split("\n")) {
        const command = JSON.parse(line) as Command;
        if (command.connect !== undefined && this.answering) socket.send(this.#welcome(command.id!));
        if (command.subscribe !== undefined)
          socket.send(JSON.stringify({ id: command.id, subscribe: { data: { centrirpc: this.#said() } } }));
        if (command.publish === undefined) continue;
        const request = new FakeRequest(this, socket, connection, command.id!, command.publish.data);
        this.requests.push(request);
        this.onRequest(request);
      }
    });
  }

  #said(): object {
    return {
      version: 1,
      max_message_size: this.maxMessageSize,
      user_id: this.userId,
      ...(this.store === undefined ? {} : { store: this.store }),
    };
  }

  #welcome(id: number): string {
    if (this.behindCentrifugo) return JSON.stringify({ id, connect: { client: "c", version: "fake" } });
    const centrirpc = this.#said();
    const subs = { [`user#${this.userId}`]: {} };
    return JSON.stringify({ id, connect: { client: "c", version: "fake", data: { centrirpc }, subs } });
  }
}

/** Polls until the condition holds, for ten seconds at most. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  const end = realNow() + 10_000;
  while (!condition()) {
    if (realNow() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

// Tests may hold the clocks.
const realNow = performance.now.bind(performance);

/** Counts the timers that the client's own source has set and that are still to ring. */
export function ownTimers(t: TestContext): () => number {
  const running = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  t.mock.method(globalThis, "setTimeout", ((callback: () => void, ms?: number) => {
    const timer = set(() => {
      running.delete(timer);
      callback();
    }, ms);
    if (/src\/rpc-(?!client)/.test(new Error().stack ?? "")) running.add(timer);
    return timer;
  }) as typeof setTimeout);
  t.mock.method(globalThis, "clearTimeout", (timer: NodeJS.Timeout | undefined) => {
    running.delete(timer);
    clear(timer);
  });
  return () => running.size;
}

/**
 * Holds setTimeout and performance.now() until tick() moves both on, so many milliseconds at a time. It waits for
 * the sockets of former tests to close: their timers could not be cleared any more, and keep the process for half
 * a minute.
 */
export async function heldClock(
  t: TestContext,
): Promise<{ tick(ms: number, step?: number): void; jump(ms: number): void }> {
  await until(() => !process.getActiveResourcesInfo().includes("TCPSocketWrap"), "sockets to close");
  let now = Math.ceil(performance.now()); // whole, so that sums of it are exact
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => now);
  return {
    tick(ms, step = 1) {
      // In small steps, so that what rings sees the time at which it rings.
      for (let i = 0; i < ms; i += step) {
        now += step;
        t.mock.timers.tick(step);
      }
    },
    /** The clock goes on, and nothing rings. */
    jump(ms) {
      now += ms;
    },
  };
}

/** Takes items until the stream ends or so many were taken. */
export async function take<T>(stream: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) {
    items.push(item);
    if (items.length >= most) break;
  }
  return items;
}

/** The numbers from 0 on, so many. */
export const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
