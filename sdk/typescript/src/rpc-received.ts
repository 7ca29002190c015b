// Which final replies have arrived: the server drops them when it knows.

import { Alarm } from "./rpc-alarm.js";

/** How many ids go into one request. */
export const mostReceived = 64;

/** How many are kept; the oldest are dropped beyond, and the server forgets those by itself. */
const mostKept = 1024;

/** How long nothing may be sent before the ids are sent on their own, in milliseconds. */
const idle = 1000;

/** The ids that the server was not told yet. */
export class Received {
  readonly #ids = new Set<string>();
  readonly #flush: () => void;
  #store: string | undefined;
  #touched = 0;
  readonly #alarm = new Alarm(() => this.#ring());

  /** flush is to take() all ids, if it can. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Says whose memory the ids are about: those of another store mean nothing. */
  connected(store: string | undefined): void {
    if (store !== this.#store) this.clear();
    this.#store = store;
    if (this.#ids.size > 0) this.#touch();
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size > mostKept) for (const oldest of this.#ids) if (this.#ids.delete(oldest)) break;
    this.#touch();
    // The callers that wait for these replies run first: what they send takes the ids along.
    if (this.#ids.size >= mostReceived) this.#alarm.by(this.#touched);
  }

  /** Gives ids for a request that has room for so many bytes, and forgets them. */
  take(room: number): string[] {
    const ids: string[] = [];
    if (this.#ids.size === 0) return ids;
    for (const id of this.#ids) {
      room -= id.length + 3; // quotes and a comma
      if (ids.length === mostReceived || room < 0) break;
      ids.push(id);
      this.#ids.delete(id);
    }
    if (this.#ids.size === 0) this.#alarm.clear();
    else this.#touch();
    return ids;
  }

  /** Sends nothing until connected(). */
  pause(): void {
    this.#alarm.clear();
  }

  clear(): void {
    this.#ids.clear();
    this.#alarm.clear();
  }

  #touch(): void {
    this.#touched = performance.now();
    this.#alarm.by(this.#touched + idle);
  }

  #ring(): void {
    const due = this.#ids.size >= mostReceived ? 0 : this.#touched + idle;
    if (performance.now() < due) this.#alarm.by(due);
    else this.#flush();
  }
}
