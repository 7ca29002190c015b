// The items of one stream on their way in: each once and in order, asked for
// again where some are missing, acknowledged as the application takes them.

import { Alarm } from "./rpc-alarm.js";

/** How many items may wait for one that is missing before them. */
const mostAhead = 256;

/** How often missing items are asked for, and the longest that a taken item is unacknowledged, in milliseconds. */
const interval = 250;

/** How many taken items are acknowledged at once. */
const ackEvery = 64;

/**
 * How long after several items they are acknowledged if all that came was taken, in milliseconds: the server may have
 * as many bytes out as it sends without being told.
 */
const idle = 20;

/** What a stream's items need of the connection. */
export interface ItemsLink {
  /** Gives the next item to the application. */
  deliver(item: unknown): void;
  /** Asks for the items from next on. */
  resume(next: number): void;
  /** Says that the items up to last were taken. */
  acknowledge(last: number): void;
}

/** Puts the items of a stream in order. */
export class Items {
  readonly #link: ItemsLink;
  readonly #ahead = new Map<number, unknown>();
  #next = 0;
  #taken = 0;
  #acknowledged = 0;
  #end: { readonly items: number; readonly finish: () => void } | undefined;
  readonly #gapAlarm = new Alarm(() => this.#askAgain());
  readonly #ackAlarm = new Alarm(() => this.#acknowledge());
  #takenBefore = 0;
  readonly #idleAlarm = new Alarm(() => this.#whenIdle());

  constructor(link: ItemsLink) {
    this.#link = link;
  }

  /** The number of the first item that is missing. */
  get next(): number {
    return this.#next;
  }

  /** Takes an item. One that was there before is ignored. */
  receive(seq: number, item: unknown): void {
    if (seq < this.#next) return;
    if (seq > this.#next) {
      if (this.#ahead.size < mostAhead) this.#ahead.set(seq, item);
      return this.#missing();
    }
    this.#deliver(item);
    while (this.#ahead.has(this.#next)) {
      const ahead = this.#ahead.get(this.#next);
      this.#ahead.delete(this.#next);
      this.#deliver(ahead);
    }
    if (!this.#gap()) this.#gapAlarm.clear();
    this.#finish();
  }

  /** The final reply came, after so many items: finish() is called when they all are there. */
  end(items: number, finish: () => void): void {
    this.#end = { items, finish };
    this.#finish();
    if (this.#end !== undefined) this.#missing();
  }

  /** The application has taken one more item. */
  taken(): void {
    this.#taken++;
    if (this.#taken - this.#acknowledged >= ackEvery) this.#acknowledge();
    else {
      this.#ackAlarm.by(performance.now() + interval);
      this.#watch();
    }
  }

  /** The number of the last item that the server may forget, if it does not know yet: all that arrived, at the end. */
  get unacknowledged(): number | undefined {
    return this.#next > this.#acknowledged ? this.#next - 1 : undefined;
  }

  /** An acknowledgement may not have arrived: it is sent again. */
  unsure(): void {
    this.#acknowledged = 0;
    if (this.#taken > 0) this.#ackAlarm.by(performance.now() + interval);
  }

  /** The stream was asked for again from next on, on a connection that may be new. */
  asked(): void {
    this.unsure();
    if (this.#gap()) this.#gapAlarm.by(performance.now() + interval);
  }

  /** Sends nothing until asked(). */
  stop(): void {
    this.#gapAlarm.clear();
    this.#ackAlarm.clear();
    this.#idleAlarm.clear();
  }

  #deliver(item: unknown): void {
    this.#next++;
    this.#link.deliver(item);
  }

  #gap(): boolean {
    return this.#ahead.size > 0 || this.#end !== undefined;
  }

  #missing(): void {
    if (!this.#gapAlarm.set) this.#askAgain();
  }

  #askAgain(): void {
    if (!this.#gap()) return;
    this.#link.resume(this.#next);
    this.#gapAlarm.by(performance.now() + interval);
  }

  #finish(): void {
    const end = this.#end;
    if (end === undefined || this.#next < end.items) return;
    this.#end = undefined;
    this.stop();
    end.finish();
  }

  /** Looks in a while whether nothing more came. */
  #watch(): void {
    if (this.#idleAlarm.set || this.#taken < this.#next || this.#taken - this.#acknowledged < 2) return;
    this.#takenBefore = this.#taken;
    this.#idleAlarm.by(performance.now() + idle);
  }

  #whenIdle(): void {
    if (this.#taken === this.#next && this.#taken === this.#takenBefore) this.#acknowledge();
    else this.#watch();
  }

  #acknowledge(): void {
    this.#ackAlarm.clear();
    this.#idleAlarm.clear();
    if (this.#taken <= this.#acknowledged) return;
    this.#acknowledged = this.#taken;
    this.#link.acknowledge(this.#taken - 1);
  }
}
