// What the user asks for while there is no connection: it is held back until there
// is one, rather than given to a connection that may be refused when it comes back.

import type { APIClient } from "../../sdk/typescript/index.js";

interface Waiter {
  resolve(api: APIClient): void;
  reject(reason: unknown): void;
}

export class Waiting {
  readonly #waiters = new Set<Waiter>();

  /** The API when it is connected again. Aborting ends the wait with the signal's reason. */
  wait(signal?: AbortSignal): Promise<APIClient> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiter = { resolve, reject };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", () => this.#waiters.delete(waiter) && reject(signal.reason), { once: true });
    });
  }

  /** There is a connection: everything goes on, in the order in which it was asked for. */
  resume(api: APIClient): void {
    this.#end((waiter) => waiter.resolve(api));
  }

  /** There will be none for what was asked for. */
  drop(reason: unknown): void {
    this.#end((waiter) => waiter.reject(reason));
  }

  #end(end: (waiter: Waiter) => void): void {
    const ended = [...this.#waiters];
    this.#waiters.clear();
    ended.forEach(end);
  }
}

/** How long a call may take before the page shows that it is under way, in milliseconds. */
const patience = 300;

/** Shows a mark while the work lasts: at once if there is no connection, or when it takes long. */
export async function marked<T>(connected: boolean, mark: () => () => void, work: Promise<T>): Promise<T> {
  let unmark = connected ? undefined : mark();
  const timer = connected ? setTimeout(() => (unmark = mark()), patience) : undefined;
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    unmark?.();
  }
}
