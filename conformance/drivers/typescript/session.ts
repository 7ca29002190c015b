// One client with what it has subscribed to.

import { WebSocket } from "ws";

import {
  APIClient,
  CentrifugoRPCClient,
  ClientError,
  type ClientOptions,
} from "../../sdk/typescript/index.js";
import { type ClientSpec, ConstructionError } from "./protocol.js";

export class Session {
  readonly #make: () => CentrifugoRPCClient;
  #rpc: CentrifugoRPCClient | undefined;
  #api: APIClient | undefined;
  readonly #subscriptions = new Map<string, { unsubscribe(): void }>();
  #events: unknown[] = [];
  #arrived: () => void = () => {};

  constructor(make: () => CentrifugoRPCClient) {
    this.#make = make;
  }

  static options(): ClientOptions {
    return {
      websocket: WebSocket,
      onError: (error) => console.error(error),
      centrifuge: { minReconnectDelay: 10, maxReconnectDelay: 100 },
    };
  }

  static of(url: string, spec: ClientSpec): Session {
    let address = spec.url === "unreachable" ? "ws://127.0.0.1:1/connection/websocket" : url;
    if (spec.url === "tokenless") address = url.replace("/connection/", "/tokenless/connection/");
    address += `?${new URLSearchParams({ connection: spec.connection ?? "", user: spec.cookie ?? "" }).toString()}`;
    const options = Session.options();
    if (spec.session !== undefined) options.session = spec.session;
    options.traceparent = () => spec.traceparent;
    const fresh = spec.fresh_token;
    if (fresh !== undefined) options.getToken = () => fresh;
    return new Session(() => new CentrifugoRPCClient(address, spec.token, spec.user_id, options));
  }

  get rpc(): CentrifugoRPCClient {
    if (this.#rpc === undefined) {
      try {
        this.#rpc = this.#make();
      } catch (error) {
        // Nothing but the client's own error may come out of a constructor.
        if (!(error instanceof ClientError)) throw error;
        throw new ConstructionError(error.message);
      }
    }
    return this.#rpc;
  }

  get api(): APIClient {
    return (this.#api ??= new APIClient(this.rpc));
  }

  connect(): Promise<void> {
    return this.rpc.connect();
  }

  async awaitState(state: string): Promise<void> {
    let stop = () => {};
    await new Promise<void>((resolve) => {
      stop = this.rpc.onState((now) => {
        if (now === state) resolve();
      });
      if (this.rpc.state === state) resolve();
    });
    stop();
  }

  async subscribe(channel: string, name: string, onlyFor: string | undefined): Promise<void> {
    const subscription = await this.rpc.subscribe(channel, (data) => {
      if (onlyFor !== undefined && (data as { for?: unknown }).for !== onlyFor) return;
      this.#events.push(data);
      this.#arrived();
    });
    this.#subscriptions.set(name, subscription);
  }

  unsubscribe(name: string): void {
    this.#subscriptions.get(name)?.unsubscribe();
  }

  async takeEvents(count: number): Promise<unknown[]> {
    while (this.#events.length < count) await this.#next();
    return this.#events.splice(0, count);
  }

  /** Waits for an event, not longer than so many milliseconds. */
  async eventWithin(ms: number): Promise<boolean> {
    if (this.#events.length > 0) return true;
    await Promise.race([this.#next(), new Promise((resolve) => setTimeout(resolve, ms))]);
    return this.#events.length > 0;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => (this.#arrived = resolve));
  }

  pending(): number {
    return this.#rpc?.pendingCalls ?? 0;
  }

  close(): void {
    this.#rpc?.disconnect();
  }
}
