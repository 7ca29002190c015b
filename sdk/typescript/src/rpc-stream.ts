// A stream as the application reads it.

import { ClientError } from "./rpc-errors.js";

/**
 * The items of a call that sends some before its result. Iterate over it once:
 *
 *     for await (const item of stream) …
 *
 * Each item comes once and in order, across reconnects. The loop ends when the
 * handler has returned, and throws the error if it failed, after the items that
 * came before. Leaving the loop early cancels the call. While the application
 * takes no items the server holds the handler up.
 */
export interface RPCStream<Item = unknown, Result = unknown> extends AsyncIterable<Item> {
  /**
   * What the handler returned in the end; rejects with the error that ends the stream, or CallAbortedError if it
   * was cancelled. Awaited without iterating, the items are dropped. Ignored, it disturbs nobody.
   */
  readonly result: Promise<Result>;
  /** Ends the call, on the server too: the iteration and the result fail with CallAbortedError. */
  cancel(): void;
  [Symbol.asyncIterator](): AsyncIterator<Item, undefined>;
}

/** What a stream's call puts in. */
export interface StreamSink {
  deliver(item: unknown): void;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** What a stream wants of its call. */
export interface StreamCall {
  /** The application has taken one more item. */
  taken(): void;
  cancel(): void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const over = { done: true, value: undefined } as const;

/** An RPCStream between a call and an application. */
export class ItemQueue implements RPCStream, StreamSink {
  readonly #call: StreamCall | undefined;
  readonly #result: Promise<unknown>;
  #settle!: { resolve: (result: unknown) => void; reject: (error: unknown) => void };
  #items: unknown[] = [];
  #waiters: Waiter[] = [];
  #use: "none" | "iterated" | "dropped" = "none";
  #ended = false;
  /** Thrown once by the iteration. */
  #error: { readonly error: unknown } | undefined;

  /** open() starts the call; what it throws is the stream's outcome. */
  constructor(open: (sink: StreamSink) => StreamCall) {
    this.#result = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.#result.catch(() => {});
    try {
      this.#call = open(this);
    } catch (error) {
      this.reject(error);
    }
  }

  get result(): Promise<unknown> {
    // A loop that begins right after this takes the items after all.
    if (this.#use === "none") queueMicrotask(() => this.#drop());
    return this.#result;
  }

  cancel(): void {
    this.#call?.cancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    if (this.#use === "iterated") throw new ClientError("a stream can be iterated over only once");
    if (this.#use === "dropped")
      throw new ClientError("the items of this stream were dropped, since its result was awaited first");
    this.#use = "iterated";
    return { next: () => this.#next(), return: () => this.#leave() };
  }

  deliver(item: unknown): void {
    if (this.#use === "dropped") {
      this.#call?.taken();
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#items.push(item);
      return;
    }
    this.#call?.taken();
    waiter.resolve({ done: false, value: item });
  }

  resolve(result: unknown): void {
    this.#end();
    this.#settle.resolve(result);
  }

  reject(error: unknown): void {
    // What the server sent before its error is still read; an end of our own is at once.
    if (error instanceof ClientError) this.#items = [];
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#error = { error };
    else waiter.reject(error);
    this.#end();
    this.#settle.reject(error);
  }

  #end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters) waiter.resolve(over);
    this.#waiters = [];
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      this.#call?.taken();
      return { done: false, value };
    }
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    const failed = this.#error;
    this.#error = undefined;
    if (failed !== undefined) throw failed.error;
    return over;
  }

  async #leave(): Promise<IteratorReturnResult<undefined>> {
    for (const waiter of this.#waiters) waiter.resolve(over);
    this.#waiters = [];
    this.cancel();
    this.#items = [];
    this.#error = undefined;
    return over;
  }

  #drop(): void {
    if (this.#use !== "none") return;
    this.#use = "dropped";
    for (const _ of this.#items.splice(0)) this.#call?.taken();
  }
}
