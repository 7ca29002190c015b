// When a request is sent again that was refused for now.

/** The first delay and the longest, in milliseconds. */
const base = 100;
const cap = 5000;

/** Too many requests, draining, a limit reached, a fault of the server: a later try may pass. */
const passing: ReadonlySet<number> = new Set([100, 111, 429, 503]);

/** A fault of the server, or of one in between, which does not know what became of the request: it may have been claimed. */
export const unknownOutcome = 100;

/** Whether a publish that was refused with the code may be accepted later. */
export function passesLater(code: number): boolean {
  return passing.has(code);
}

/** How long to wait after so many refusals before this one: a random part of a time that doubles. */
export function backoff(refusals: number): number {
  return Math.random() * Math.min(cap, base * 2 ** Math.min(refusals, 16));
}
