// Ends a wait when its time is over or its signal is aborted.

import { CallAbortedError, CallTimeoutError, type ClientError } from "./rpc-errors.js";
import type { WaitOptions } from "./rpc-options.js";
import { maxTimeout } from "./rpc-wire.js";

/** The time as a number of milliseconds that a timer can count; a RangeError if it is none. */
export function checkTimeout(time: number, option = "timeout"): number {
  if (!(time > 0)) throw new RangeError(`${option} is ${time}; it must be a positive number of milliseconds`);
  return Math.min(time, maxTimeout);
}

/** The error of a signal that is aborted, or undefined. */
export function abortError(signal: AbortSignal | undefined, what: string): CallAbortedError | undefined {
  if (signal === undefined || !signal.aborted) return undefined;
  return new CallAbortedError(`${what} was aborted`, { cause: signal.reason });
}

/**
 * Calls end once, with the error, when the timeout passes or the signal is
 * aborted. The function it gives stops both and leaves nothing behind.
 */
export function watch(
  options: WaitOptions,
  what: () => string,
  end: (error: ClientError) => void,
): () => void {
  const { timeout, signal } = options;
  const onAbort = () => {
    stop();
    end(abortError(signal, what()) ?? new CallAbortedError(`${what()} was aborted`));
  };
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => {
          stop();
          end(new CallTimeoutError(`${what()} did not finish within ${timeout} ms`));
        }, timeout);
  const stop = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
  signal?.addEventListener("abort", onAbort);
  return stop;
}
