// Callbacks of the application, none of which may harm the client.

/** Reports what has no caller to tell. It never throws. */
export type Report = (error: unknown) => void;

/** A report that goes to the given function, or to the console. */
export function reportTo(onError: ((error: unknown) => void) | undefined): Report {
  return (error) => {
    try {
      if (onError !== undefined) onError(error);
      else console.error("centrirpc:", error);
    } catch (second) {
      console.error("centrirpc: onError failed:", second);
    }
  };
}

/** Runs a callback; what it throws, or rejects with later, is reported. */
export function guarded<A extends unknown[]>(
  report: Report,
  callback: (...args: A) => unknown,
  ...args: A
): void {
  try {
    const outcome = callback(...args);
    if (outcome instanceof Promise) outcome.catch(report);
  } catch (error) {
    report(error);
  }
}

/** A set of callbacks for one event. */
export class Listeners<A extends unknown[]> {
  readonly #callbacks = new Set<{ call: (...args: A) => unknown }>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Whether nobody listens, so that nothing needs to be put together for them. */
  get empty(): boolean {
    return this.#callbacks.size === 0;
  }

  /** Adds a callback, and gives the function that takes it away again. */
  add(callback: (...args: A) => unknown): () => void {
    const entry = { call: callback };
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  emit(...args: A): void {
    for (const entry of [...this.#callbacks]) guarded(this.#report, entry.call, ...args);
  }
}
