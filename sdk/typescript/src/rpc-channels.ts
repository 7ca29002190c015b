// Subscriptions, whoever made them: those that the server makes at connect
// arrive as publications of the whole connection, the others as their own.

import { type Centrifuge, State, type Subscription, SubscriptionState } from "centrifuge";

import { refusal } from "./rpc-codes.js";
import { abortError, checkTimeout, watch } from "./rpc-deadline.js";
import type { ClientError, ServerError } from "./rpc-errors.js";
import { type Report, guarded } from "./rpc-listeners.js";
import type { ChannelSubscription, WaitOptions } from "./rpc-options.js";

type Handler = (data: unknown) => unknown;

/** The channel that the client itself lives by. */
export interface ReplyChannel {
  /** Takes a publication; false leaves it to the application's handlers. */
  receive(data: unknown): boolean;
  /** What the server says with the subscription, if it is ours. */
  told(data: unknown): void;
  /** Publications arrive from now on, until the connection drops. */
  live(): void;
  /** They do not arrive any more, although the connection is up; live() follows, or refused(). */
  lost(reason: string): void;
  /** The server does not let us have it. */
  refused(error: ServerError): void;
}

interface Waiter {
  readonly handler: { call: Handler };
  readonly resolve: (subscription: ChannelSubscription) => void;
  readonly reject: (error: unknown) => void;
  stop: () => void;
}

interface Entry {
  readonly channel: string;
  readonly handlers: Set<{ call: Handler }>;
  readonly waiters: Set<Waiter>;
  /** Ours, unless the server subscribed the channel itself. */
  subscription: Subscription | undefined;
  live: boolean;
}

/** All channels of a client. */
export class Channels {
  readonly #entries = new Map<string, Entry>();
  /** What the server subscribed by itself; the SDK tells of each that it no longer does at a reconnect. */
  readonly #serverSide = new Set<string>();
  readonly #replies: ReplyChannel;
  readonly #timeout: number;
  readonly #report: Report;
  #sdk: Centrifuge | undefined;
  #settled = false;
  #replyEntry: Entry | undefined;

  constructor(replies: ReplyChannel, timeout: number, report: Report) {
    this.#timeout = timeout;
    this.#report = report;
    this.#replies = replies;
  }

  /** Says which channel the client lives by. There is none before. */
  replyOn(channel: string): void {
    const former = this.#replyEntry;
    if (former?.channel === channel) return;
    this.#replyEntry = this.#entries.get(channel) ?? newEntry(channel);
    this.#entries.set(channel, this.#replyEntry);
    if (former?.handlers.size === 0) this.#drop(former);
  }

  /** Follows the subscriptions that the server makes. */
  attach(sdk: Centrifuge): void {
    this.#sdk = sdk;
    sdk.on("publication", ({ channel, data }) => this.#receive(this.#entries.get(channel), data));
    sdk.on("subscribed", ({ channel }) => {
      this.#serverSide.add(channel);
      this.#settle(this.#entries.get(channel));
    });
    sdk.on("unsubscribed", ({ channel }) => {
      this.#serverSide.delete(channel);
      const entry = this.#entries.get(channel);
      if (entry !== undefined) this.#lost(entry, "the server ended it");
      this.#settle(entry);
    });
  }

  /** To be called once the server's own subscriptions of a new connection are known. */
  connected(): void {
    this.#settled = true;
    this.#settle(this.#replyEntry); // before the others
    for (const entry of [...this.#entries.values()]) this.#settle(entry);
  }

  connectionLost(): void {
    this.#settled = false;
    for (const entry of this.#entries.values()) entry.live = false;
  }

  /** Ends every wait for a subscription with the error. Those that were made stay, for the next connect(). */
  failWaiting(error: (what: string) => ClientError): void {
    for (const entry of [...this.#entries.values()]) {
      for (const waiter of [...entry.waiters]) this.#fail(entry, waiter, error(describe(entry)));
    }
  }

  /** Adds a handler; resolves when publications arrive. */
  subscribe(channel: string, handler: Handler, options: WaitOptions): Promise<ChannelSubscription> {
    return new Promise((resolve, reject) => {
      const aborted = abortError(options.signal, `subscribe ${channel}`);
      if (aborted !== undefined) throw aborted;
      const timeout = checkTimeout(options.timeout ?? this.#timeout);
      let entry = this.#entries.get(channel);
      if (entry === undefined) this.#entries.set(channel, (entry = newEntry(channel)));
      const waited = entry;
      const waiter: Waiter = { handler: { call: handler }, resolve, reject, stop: () => {} };
      waiter.stop = watch(
        { timeout, signal: options.signal },
        () => describe(waited),
        (error) => this.#fail(waited, waiter, error),
      );
      entry.handlers.add(waiter.handler);
      entry.waiters.add(waiter);
      if (entry.live) this.#succeed(entry);
      else this.#settle(entry);
    });
  }

  #settle(entry: Entry | undefined): void {
    if (entry === undefined || !this.#settled || this.#sdk === undefined) return;
    if (this.#serverSide.has(entry.channel)) {
      this.#live(entry);
      return;
    }
    entry.subscription ??= this.#newSubscription(this.#sdk, entry);
    if (entry.subscription.state === SubscriptionState.Subscribed) this.#live(entry);
    else entry.subscription.subscribe();
  }

  #newSubscription(sdk: Centrifuge, entry: Entry): Subscription {
    const subscription = sdk.newSubscription(entry.channel);
    const current = () => entry.subscription === subscription;
    subscription.on("publication", ({ data }) => {
      if (current()) this.#receive(entry, data);
    });
    subscription.on("subscribed", ({ data }) => {
      if (!current()) return;
      if (entry === this.#replyEntry) this.#replies.told(data);
      this.#live(entry);
    });
    subscription.on("subscribing", ({ reason }) => {
      if (current()) this.#lost(entry, reason);
    });
    subscription.on("unsubscribed", ({ code, reason }) => {
      // The server may come to subscribe the channel itself, and then refuses ours (105).
      if (current() && !this.#serverSide.has(entry.channel)) this.#ended(entry, code, reason);
    });
    return subscription;
  }

  #live(entry: Entry): void {
    if (entry.live) return;
    entry.live = true;
    this.#succeed(entry);
    if (entry === this.#replyEntry) this.#replies.live();
  }

  #lost(entry: Entry, reason: string): void {
    if (!entry.live) return;
    entry.live = false;
    // When the whole connection is gone, that is told elsewhere.
    if (entry === this.#replyEntry && this.#sdk?.state === State.Connected) this.#replies.lost(reason);
  }

  #succeed(entry: Entry): void {
    for (const waiter of [...entry.waiters]) {
      entry.waiters.delete(waiter);
      waiter.stop();
      const unsubscribe = () => this.#remove(entry, waiter.handler);
      waiter.resolve({ channel: entry.channel, unsubscribe });
    }
  }

  #ended(entry: Entry, code: number, reason: string): void {
    entry.live = false;
    const error = refusal(code, `${describe(entry)} was refused: ${reason}`);
    for (const waiter of [...entry.waiters]) this.#fail(entry, waiter, error);
    if (entry === this.#replyEntry) {
      this.#replies.refused(error);
    } else if (entry.handlers.size > 0) {
      this.#report(error);
      entry.handlers.clear();
      this.#drop(entry);
    }
  }

  #fail(entry: Entry, waiter: Waiter, error: unknown): void {
    waiter.stop();
    entry.waiters.delete(waiter);
    this.#remove(entry, waiter.handler);
    waiter.reject(error);
  }

  #remove(entry: Entry, handler: { call: Handler }): void {
    if (entry.handlers.delete(handler) && entry.handlers.size === 0) this.#drop(entry);
  }

  #drop(entry: Entry): void {
    if (entry === this.#replyEntry) return;
    this.#entries.delete(entry.channel);
    const { subscription } = entry;
    entry.subscription = undefined;
    if (subscription !== undefined) this.#sdk?.removeSubscription(subscription);
  }

  #receive(entry: Entry | undefined, data: unknown): void {
    if (entry === undefined) return;
    if (entry === this.#replyEntry && this.#replies.receive(data)) return;
    for (const handler of [...entry.handlers]) {
      if (entry.handlers.has(handler)) guarded(this.#report, handler.call, data);
    }
  }
}

function newEntry(channel: string): Entry {
  return { channel, handlers: new Set(), waiters: new Set(), subscription: undefined, live: false };
}

function describe(entry: Entry): string {
  return `subscribe ${entry.channel}`;
}
