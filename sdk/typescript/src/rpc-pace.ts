// How fast requests are sent that many have waited for: after a reconnect there
// may be thousands, and the server refuses a client that sends them all at once.

import { Alarm } from "./rpc-alarm.js";

/** How many may be out without an acknowledgement. */
const most = 32;

/** How long they are waited for before others are sent all the same, in milliseconds. */
const patience = 1000;

/** Sends things in order, the next when an earlier one is done. */
export class Pace<T> {
  readonly #waiting = new Set<T>();
  readonly #out = new Set<T>();
  readonly #send: (thing: T) => void;
  readonly #alarm = new Alarm(() => {
    this.#out.clear();
    this.#fill();
  });

  constructor(send: (thing: T) => void) {
    this.#send = send;
  }

  /** Sends the things as soon as their turn comes. */
  add(things: Iterable<T>): void {
    for (const thing of things) this.#waiting.add(thing);
    this.#fill();
  }

  /** There was a sign of the thing: the next may go. */
  acknowledged(thing: T): void {
    if (this.#out.delete(thing)) this.#fill();
  }

  /** The thing is not to be sent any more. */
  remove(thing: T): void {
    this.#waiting.delete(thing);
    if (this.#waiting.size === 0) this.#alarm.clear();
    this.acknowledged(thing);
  }

  /** Forgets everything. */
  clear(): void {
    this.#waiting.clear();
    this.#out.clear();
    this.#alarm.clear();
  }

  #fill(): void {
    for (const thing of this.#waiting) {
      if (this.#out.size >= most) return this.#alarm.by(performance.now() + patience);
      this.#waiting.delete(thing);
      this.#out.add(thing);
      this.#send(thing);
    }
    this.#alarm.clear();
  }
}
