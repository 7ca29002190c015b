// The fault-capable test server as a child process, and what tests ask of it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

import { CentrifugoRPCClient, type ClientOptions, type Frame } from "../src/index.js";

export interface Envelope {
  user: string;
  client: string;
  refused?: number;
  data: { op?: string; method?: string; correlation_id: string; timeout_ms?: number; reply_to?: string };
}

export class TestServer {
  readonly http: string;
  readonly #process: ChildProcess;

  private constructor(http: string, process: ChildProcess) {
    this.http = http;
    this.#process = process;
  }

  static async start(t: TestContext, ...flags: string[]): Promise<TestServer> {
    const child = spawn(".test/testserver", flags, { stdio: ["pipe", "pipe", "inherit"] });
    t.after(async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    return new TestServer(line.replace("listening on ", ""), child);
  }

  get ws(): string {
    return this.http.replace("http", "ws") + "/connection/websocket";
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  token(user: string, query = ""): Promise<string> {
    return this.#text("GET", `/token?user=${encodeURIComponent(user)}${query}`);
  }

  set(query: string): Promise<string> {
    return this.#text("POST", `/control/set?${query}`);
  }

  disconnect(query = ""): Promise<string> {
    return this.#text("POST", `/control/disconnect?${query}`);
  }

  unsubscribe(user: string, channel: string, code = 2000): Promise<string> {
    return this.#text(
      "POST",
      `/control/unsubscribe?user=${user}&code=${code}&channel=${encodeURIComponent(channel)}`,
    );
  }

  publish(channel: string, data: unknown): Promise<string> {
    return this.#text(
      "POST",
      `/control/publish?channel=${encodeURIComponent(channel)}`,
      JSON.stringify(data),
    );
  }

  /** What arrived on rpc.requests; with n=… in the query, waits for that many. */
  async envelopes(query = ""): Promise<Envelope[]> {
    return JSON.parse(await this.#text("GET", `/control/envelopes?${query}`)) as Envelope[];
  }

  async connections(): Promise<{ user: string; client: string; channels: string[]; data?: unknown }[]> {
    return JSON.parse(await this.#text("GET", "/control/connections")) as {
      user: string;
      client: string;
      channels: string[];
      data?: unknown;
    }[];
  }

  /** A client of a user, closed at the end of the test, not connected yet. */
  async client(t: TestContext, user: string, options: ClientOptions = {}): Promise<CentrifugoRPCClient> {
    const quick = { minReconnectDelay: 10, maxReconnectDelay: 50 };
    const client = new CentrifugoRPCClient(this.ws, await this.token(user), undefined, {
      timeout: 10_000,
      ...options,
      centrifuge: { ...quick, ...options.centrifuge },
    });
    t.after(() => client.disconnect());
    return client;
  }

  async connected(t: TestContext, user: string, options: ClientOptions = {}): Promise<CentrifugoRPCClient> {
    const client = await this.client(t, user, options);
    await client.connect();
    return client;
  }

  async #text(method: string, path: string, body?: string): Promise<string> {
    const response = await fetch(this.http + path, { method, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  }
}

/** The errors that promises fail with, all watched from now on. One that does not fail gives undefined. */
export function failures(...promises: Promise<unknown>[]): Promise<unknown[]> {
  return Promise.all(
    promises.map((promise) =>
      promise.then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  );
}

/** Resolves with the first frame of that kind. */
export function frame(client: CentrifugoRPCClient, kind: Frame["kind"]): Promise<Frame> {
  return new Promise((resolve) => {
    const stop = client.onFrame((found) => {
      if (found.kind !== kind) return;
      stop();
      resolve(found);
    });
  });
}

/** Resolves when the client enters the state. */
export function state(client: CentrifugoRPCClient, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.onState((entered) => {
      if (entered !== wanted) return;
      stop();
      resolve();
    });
  });
}

/** One of the vectors shared by all languages. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(`../../wire/testdata/${name}.json`, "utf8")) as T;
}
