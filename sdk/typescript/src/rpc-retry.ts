// When a request is sent again that was refused for now.

/** The first delay and the longest, in milliseconds. */
const base = 100;
const cap = 5000;

/** Too many requests, draining, a limit reached, a fault of the server: nothing was claimed, and a later try may pass. */
const passing: ReadonlySet<number> = new Set([100, 111, 429, 503]);

/** Whether a publish that was refused with the code may be accepted later. */
export function passesLater(code: number): boolean {
  return passing.has(code);
}

/** How long to wait after so many refusals before this one: a random part of a time that doubles. */
export function backoff(refusals: number): number {
  return Math.random() * Math.min(cap, base * 2 ** Math.min(refusals, 16));
}
