// The base client: one connection, calls over it matched by correlation id,
// and subscriptions.

import { Centrifuge, type Options, State, UnauthorizedError } from "centrifuge";

import { Calls } from "./rpc-calls.js";
import { Channels } from "./rpc-channels.js";
import { type ContractCheck, ContractChecks, connectData } from "./rpc-contract.js";
import { abortError, checkTimeout, watch } from "./rpc-deadline.js";
import { ClientClosedError, ClientError, ConnectError, NotConnectedError } from "./rpc-errors.js";
import { Identity } from "./rpc-identity.js";
import { Listeners, type Report, reportTo } from "./rpc-listeners.js";
import type {
  CallOptions,
  ChannelSubscription,
  ClientOptions,
  ConnectionState,
  Frame,
  StateReason,
  WaitOptions,
} from "./rpc-options.js";
import { ItemQueue, type RPCStream } from "./rpc-stream.js";
import { type WebSocketConstructor, cuttingFrames, findWebSocket } from "./rpc-socket.js";
import { type Request, defaultMaxRequestSize, readConnectData, requestsChannel } from "./rpc-wire.js";

export type { ContractCheck } from "./rpc-contract.js";
export { channelName } from "./rpc-names.js";
export * from "./rpc-errors.js";
export type * from "./rpc-options.js";
export type { WebSocketConstructor, WebSocketLike } from "./rpc-socket.js";
export type { RPCStream } from "./rpc-stream.js";

const defaultTimeout = 30_000;
const defaultSilence = 10_000;
const tokenExpired = 109;

interface ConnectWaiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  stop: () => void;
}

/**
 * A connection to a centrirpc server. It reconnects by itself until
 * disconnect() is called or the server refuses it for good.
 */
export class CentrifugoRPCClient {
  readonly #url: string;
  readonly #token: string;
  readonly #options: ClientOptions;
  readonly #report: Report;
  readonly #states: Listeners<[ConnectionState, StateReason]>;
  readonly #frames: Listeners<[Frame]>;
  readonly #calls: Calls;
  readonly #channels: Channels;
  readonly #checks: ContractChecks;
  readonly #connectWaiters = new Set<ConnectWaiter>();
  readonly #timeout: number;
  readonly #identity: Identity;

  #sdk: Centrifuge | undefined;
  /** The hash to state at connects; may be empty. */
  #contract = "";
  #state: ConnectionState = "disconnected";
  /** Counts the times that connecting began or ended, to notice that things moved on meanwhile. */
  #epoch = 0;
  /** Whether the connection was up since connect(). */
  #established = false;
  #transport = "";
  #maxRequestSize: number;
  /** The life of the server's memory of calls, as it said at connect. */
  #store: string | undefined;

  /**
   * @param url The server's WebSocket address: `wss://example.org/connection/websocket`.
   * @param token The connection token. Empty or left out if `getToken` gives it, or if the server needs none, as
   * with cookies or for anonymous users.
   * @param userId The user id, on whose channel replies arrive. Default: the claim `sub` of a token that is a JWT;
   * without such a token, what the server says at each connect, as centrirpc's own does.
   * @throws ClientError if the token is a JWT without a user id, or the user id cannot be used; RangeError for a
   * timeout that is no time.
   */
  constructor(url: string, token = "", userId?: string, options: ClientOptions = {}) {
    this.#identity = new Identity(token, userId, options.session);
    this.#url = url;
    this.#token = token;
    this.#options = options;
    this.#maxRequestSize = options.maxRequestSize ?? defaultMaxRequestSize;
    this.#report = reportTo(options.onError);
    this.#states = new Listeners(this.#report);
    this.#frames = new Listeners(this.#report);

    const timeout = checkTimeout(options.timeout ?? defaultTimeout);
    this.#timeout = timeout;
    const client = this;
    this.#calls = new Calls(
      {
        get ready() {
          return client.#state === "connected";
        },
        get maxRequestSize() {
          return client.#maxRequestSize;
        },
        get replyChannel() {
          return client.replyChannel;
        },
        get store() {
          return client.#store;
        },
        publish: (request) => this.#publish(request),
      },
      timeout,
      options.silence ?? defaultSilence,
      options.traceparent,
      this.#frames,
      this.#report,
    );
    this.#channels = new Channels(
      {
        receive: (data) => this.#calls.receive(data),
        told: (data) => this.#told(data),
        live: () => this.#ready(),
        lost: (reason) => this.#repliesLost({ code: 0, reason: `${this.replyChannel}: ${reason}` }),
        refused: (error) => this.#refused(new ConnectError(error.code, error.message, { cause: error })),
      },
      timeout,
      this.#report,
    );
    this.#checks = new ContractChecks(
      {
        get ready() {
          return client.#state === "connected";
        },
        rpc: async (method, data) => (await this.#sdk?.rpc(method, data))?.data as unknown,
      },
      timeout,
    );
    if (this.replyChannel !== "") this.#channels.replyOn(this.replyChannel);
  }

  /**
   * The user on whose channel replies arrive. Where only the server knows it, it is empty until the client has
   * connected, and may be another after each reconnect.
   */
  get userId(): string {
    return this.#identity.userId;
  }

  /** The channel on which replies arrive; empty while the user id is. */
  get replyChannel(): string {
    return this.#identity.replyChannel;
  }

  /** "connected" means that calls can be sent and their replies can arrive. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The largest request that can be sent, in bytes; the server may change it at connect. */
  get maxRequestSize(): number {
    return this.#maxRequestSize;
  }

  /** The number of calls, notifications and streams that have no outcome yet. */
  get pendingCalls(): number {
    return this.#calls.size;
  }

  /**
   * Connects, and resolves when calls can be made. An unreachable server is tried
   * again with a growing delay until the timeout: that of the options in ms, or else
   * the client's. Infinity waits for a day.
   *
   * @throws ConnectError if the server refuses for good (a bad token, 3500), ClientClosedError if disconnect()
   * is called meanwhile, CallTimeoutError and CallAbortedError as the options say; these end the attempt.
   */
  connect(options: WaitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = abortError(options.signal, "connect");
      if (aborted !== undefined) throw aborted;
      if (this.#state === "connected") return resolve();
      const timeout = checkTimeout(options.timeout ?? this.#timeout);
      const waiter: ConnectWaiter = { resolve, reject, stop: () => {} };
      waiter.stop = watch(
        { timeout, signal: options.signal },
        () => "connect",
        (error) => {
          this.#connectWaiters.delete(waiter);
          reject(error);
          if (!this.#established && this.#connectWaiters.size === 0) this.disconnect();
        },
      );
      this.#connectWaiters.add(waiter);
      if (this.#state === "disconnected") void this.#open();
    });
  }

  /**
   * Closes the connection. Everything under way fails with ClientClosedError.
   * connect() may be called again; subscriptions that were made come back with it.
   */
  disconnect(): void {
    if (this.#state === "disconnected") return;
    this.#end(
      new ClientClosedError("disconnect() was called"),
      (what) => new ClientClosedError(`disconnect() was called during ${what}`),
      { code: 0, reason: "disconnect called" },
    );
  }

  /**
   * Calls a method and resolves with its result. While the connection is being
   * made, the call waits for it. A method that returns nothing gives null.
   *
   * A call that is out when the connection drops is sent again under the same correlation id, and the server runs
   * its handler once: it ends in one definite outcome. Where the server cannot promise that (an older one, or a
   * volatile method) the call fails with ConnectionLostError.
   *
   * @throws ServerError what the server answered, by its code's class; ClientError otherwise: NotConnectedError,
   * ConnectionLostError, ClientClosedError, CallTimeoutError, CallAbortedError, RequestTooLargeError.
   */
  call<R = unknown>(method: string, params?: object | null, options: CallOptions = {}): Promise<R> {
    return this.#start("call", method, params, options) as Promise<R>;
  }

  /**
   * Calls a method that sends items before its result. It is sent now, whether the items are read or not. Errors,
   * those of call(), come out of the iteration and of the result.
   */
  stream<Item = unknown, Result = unknown>(
    method: string,
    params?: object | null,
    options: CallOptions = {},
  ): RPCStream<Item, Result> {
    return new ItemQueue((sink) => {
      if (this.#state === "disconnected") throw notConnected(`stream ${method}`);
      return this.#calls.stream(method, params, options, sink);
    }) as RPCStream<Item, Result>;
  }

  /**
   * Tells the server something, without an answer: resolves when the server has
   * accepted it. The errors are those of call().
   */
  notify(method: string, params?: object | null, options: CallOptions = {}): Promise<void> {
    return this.#start("notify", method, params, options) as Promise<void>;
  }

  /**
   * Subscribes to a channel and resolves when its publications arrive. The
   * handler gets each publication's data; what it throws goes to onError. After
   * a reconnect the subscription is made again. Several handlers may share a
   * channel: the server is told when the last of them ends.
   *
   * @throws ServerError if the server refuses (PermissionDeniedError); ClientError as for call().
   */
  subscribe<T = unknown>(
    channel: string,
    handler: (data: T) => unknown,
    options: WaitOptions = {},
  ): Promise<ChannelSubscription> {
    if (this.#state === "disconnected") return Promise.reject(notConnected(`subscribe ${channel}`));
    return this.#channels.subscribe(channel, handler as (data: unknown) => unknown, options);
  }

  /**
   * Says which contract the calls of this client follow: the server is told its hash at every connect from the next
   * one on, so that it can count the clients of older contracts. A generated APIClient does this when it is made;
   * make it before connect() for the first connect to say it.
   *
   * One client states one contract: the last one stated counts, and an empty hash states none. The hash is added to
   * the connect data of the option `centrifuge` (`data` or `getData`) if that is an object; other data is left alone.
   */
  stateContract(hash: string): void {
    this.#contract = hash;
    this.#sdk?.setData(this.#connectData());
  }

  /**
   * Asks the server how the contract of that hash stands to its own. A generated APIClient has a method of the same
   * name for its own contract.
   *
   * `compatible` is false if calls or events may fail: reload the page, or update the client. It is null if the
   * server cannot tell; one that does not know the question, such as plain Centrifugo, is no error.
   *
   * @throws ServerError if the server refuses for another reason (PermissionDeniedError, ResourceExhaustedError);
   * ClientError: NotConnectedError, ClientClosedError, CallTimeoutError, CallAbortedError.
   */
  checkContract(hash: string, options: WaitOptions = {}): Promise<ContractCheck> {
    if (this.#state === "disconnected") return Promise.reject(notConnected("checkContract"));
    return this.#checks.start(hash, options);
  }

  /** Calls back at each change of state, and gives the function that ends that. */
  onState(callback: (state: ConnectionState, why: StateReason) => unknown): () => void {
    return this.#states.add(callback);
  }

  /** Calls back at each step of each call, and gives the function that ends that. */
  onFrame(callback: (frame: Frame) => unknown): () => void {
    return this.#frames.add(callback);
  }

  #start(op: "call" | "notify", method: string, params: unknown, options: CallOptions): Promise<unknown> {
    if (this.#state === "disconnected") return Promise.reject(notConnected(`${op} ${method}`));
    return this.#calls.start(op, method, params, options);
  }

  async #open(): Promise<void> {
    const epoch = ++this.#epoch;
    this.#established = false;
    this.#enter("connecting", { code: 0, reason: "connect called" });
    try {
      const webSocket = this.#sdk === undefined ? await findWebSocket(this.#options.websocket) : undefined;
      if (epoch !== this.#epoch) return;
      if (webSocket !== undefined) this.#sdk = this.#newSDK(webSocket);
      this.#sdk?.connect();
    } catch (cause) {
      if (epoch !== this.#epoch) return;
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#refused(new ConnectError(0, reason, { cause }));
    }
  }

  #connectData(): unknown {
    return connectData(this.#options.centrifuge?.data, this.#contract) ?? null;
  }

  #newSDK(webSocket: WebSocketConstructor): Centrifuge {
    const { transports, getToken, centrifuge } = this.#options;
    const options: Partial<Options> = {
      ...centrifuge,
      token: this.#token,
      data: this.#connectData(),
      websocket: cuttingFrames(webSocket, () => this.#maxRequestSize),
    };
    if (getToken !== undefined) {
      options.getToken = async () => {
        const token = await getToken();
        if (!token) throw new UnauthorizedError("getToken gave no token");
        return token;
      };
    }
    const getData = centrifuge?.getData;
    if (getData) options.getData = async () => connectData(await getData(), this.#contract);
    const endpoint =
      transports === undefined
        ? this.#url
        : [{ transport: "websocket" as const, endpoint: this.#url }, ...transports];
    const sdk = new Centrifuge(endpoint, options);
    this.#channels.attach(sdk);
    sdk.on("connected", ({ data, transport }) => this.#connected(sdk, transport, data));
    sdk.on("connecting", ({ code, reason }) => this.#connectionLost({ code, reason }));
    sdk.on("disconnected", ({ code, reason }) => this.#refused(new ConnectError(code, reason)));
    sdk.on("error", ({ type, error }) => {
      if (type === "connect" && error.code === tokenExpired && getToken === undefined) {
        this.#refused(new ConnectError(error.code, "the token has expired and there is no getToken"));
      } else if (type === "connectToken" || type === "refreshToken") {
        this.#report(new ClientError(`getToken failed: ${error.message}`));
      }
    });
    return sdk;
  }

  #connected(sdk: Centrifuge, transport: string, data: unknown): void {
    const said = readConnectData(data);
    this.#transport = transport;
    this.#maxRequestSize = this.#options.maxRequestSize ?? said.maxMessageSize ?? defaultMaxRequestSize;
    this.#store = said.store;
    const settle = () => {
      if (sdk.state !== State.Connected) return;
      try {
        this.#identity.connected(said.userId);
      } catch (error) {
        return this.#refused(error as ConnectError);
      }
      this.#channels.replyOn(this.replyChannel);
      this.#channels.connected();
    };
    // The SDK tells of the server's own subscriptions right after this event. Over HTTP its own commands are
    // then still on their way into one request, which calls must not make larger.
    if (transport === "websocket") queueMicrotask(settle);
    else setTimeout(settle, 0);
  }

  // What the server could not say at connect: behind Centrifugo, whoever has a token is let in without asking it.
  #told(data: unknown): void {
    const said = readConnectData(data);
    if (this.#store !== undefined || said.store === undefined) return;
    this.#store = said.store;
    this.#maxRequestSize = this.#options.maxRequestSize ?? said.maxMessageSize ?? this.#maxRequestSize;
  }

  #ready(): void {
    if (this.#state !== "connecting") return;
    this.#state = "connected";
    this.#established = true;
    for (const waiter of this.#takeConnectWaiters()) waiter.resolve();
    this.#calls.resume();
    this.#checks.resume();
    this.#states.emit("connected", { code: 0, reason: `connected over ${this.#transport}` });
  }

  #connectionLost(why: StateReason): void {
    if (this.#state === "disconnected") return;
    this.#epoch++;
    this.#channels.connectionLost();
    this.#repliesLost(why);
  }

  #repliesLost(why: StateReason): void {
    if (this.#state === "disconnected") return;
    // Not connected any more before calls fail: their callers may call again at once.
    const changed = this.#state !== "connecting";
    this.#state = "connecting";
    this.#calls.connectionLost();
    this.#checks.connectionLost();
    if (changed) this.#states.emit("connecting", why);
  }

  #refused(error: ConnectError): void {
    if (this.#state === "disconnected") return;
    this.#end(
      error,
      (what) => new NotConnectedError(`${what} was not sent: ${error.message}`, { cause: error }),
      {
        code: error.code,
        reason: error.reason,
      },
    );
  }

  #end(error: ClientError, ofOthers: (what: string) => ClientError, why: StateReason): void {
    this.#epoch++;
    this.#state = "disconnected";
    for (const waiter of this.#takeConnectWaiters()) waiter.reject(error);
    this.#channels.connectionLost();
    this.#channels.failWaiting(ofOthers);
    this.#calls.failAll(ofOthers, error instanceof ClientClosedError);
    this.#checks.failAll(ofOthers);
    this.#sdk?.disconnect();
    this.#states.emit("disconnected", why);
  }

  #takeConnectWaiters(): ConnectWaiter[] {
    const waiters = [...this.#connectWaiters];
    this.#connectWaiters.clear();
    for (const waiter of waiters) waiter.stop();
    return waiters;
  }

  #enter(state: ConnectionState, why: StateReason): void {
    this.#state = state;
    this.#states.emit(state, why);
  }

  #publish(request: Request): Promise<unknown> {
    const sdk = this.#sdk;
    if (sdk === undefined) return Promise.reject(notConnected("publish"));
    // Over HTTP each command is a request of its own; over a WebSocket those of one turn share a frame.
    if (this.#transport !== "websocket") return sdk.publish(requestsChannel, request);
    sdk.startBatching();
    const acknowledgement = sdk.publish(requestsChannel, request);
    sdk.stopBatching();
    return acknowledgement;
  }
}

function notConnected(what: string): NotConnectedError {
  return new NotConnectedError(`${what} was not sent: call connect() first`);
}
