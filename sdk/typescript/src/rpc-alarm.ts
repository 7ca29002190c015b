// A timer that is set again and again, and is never there twice.

/** Rings at a time of performance.now(). */
export class Alarm {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #at = Infinity;
  readonly #ring: () => void;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Whether it is going to ring. */
  get set(): boolean {
    return this.#at < Infinity;
  }

  /** Rings at that time at the latest, once. Infinity asks for nothing. */
  by(at: number): void {
    if (at >= this.#at) return;
    this.clear();
    this.#at = at;
    this.#timer = setTimeout(
      () => {
        this.#at = Infinity;
        this.#ring();
      },
      Math.max(0, Math.ceil(at - performance.now())),
    );
  }

  /** Does not ring any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
