// Runs conformance cases through the generated TypeScript client: cases as JSON
// lines on standard input, outcomes as JSON lines on standard output.

import { createInterface } from "node:readline";

import {
  APIClient,
  type CallOptions,
  type CallProgress,
  CentrifugoRPCClient,
  type RPCStream,
} from "../../sdk/typescript/index.js";
import { type Case, type Outcome, type Step, failure } from "./protocol.js";
import { Session } from "./session.js";

const [, , url = "", token = ""] = process.argv;

/** tasks.get_stats -> tasksGetStats */
function methodName(method: string): string {
  return method.replace(/[._]+([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

type TypedMethod = (...args: unknown[]) => unknown;

/** Runs a step that asks something of a method, with its options. */
async function call(session: Session, step: Step): Promise<Outcome> {
  const method = step.call ?? step.notify ?? step.stream ?? "";
  const abort = new AbortController();
  const progress: CallProgress[] = [];
  const options: CallOptions = { signal: abort.signal };
  if (step.timeout_ms !== undefined) options.timeout = step.timeout_ms;
  if (step.traceparent !== undefined) options.traceparent = step.traceparent;
  if (step.progress) options.onProgress = (seen) => progress.push(seen);
  if (step.abort_after === "start") abort.abort(new Error("given up"));
  const stop =
    step.abort_after === "ack"
      ? session.rpc.onFrame((frame) => {
          if (frame.kind === "ack" && frame.method === method) abort.abort(new Error("given up"));
        })
      : () => {};
  try {
    const outcome = await ask(session, step, method, options);
    if (step.progress) outcome.progress = progress;
    return outcome;
  } catch (error) {
    return failure(error);
  } finally {
    stop();
  }
}

async function ask(session: Session, step: Step, method: string, options: CallOptions): Promise<Outcome> {
  const typed = step.via !== "base";
  const started = typed ? callTyped(session, step, method, options) : callBase(session, step, method, options);
  if (step.stream !== undefined) return read(started as RPCStream, step, typed);
  const result = await started;
  return result === undefined ? { ok: true } : { result };
}

function callBase(session: Session, step: Step, method: string, options: CallOptions): unknown {
  const params = step.params as object | undefined;
  if (step.notify !== undefined) return session.rpc.notify(method, params, options);
  if (step.stream !== undefined) return session.rpc.stream(method, params, options);
  return session.rpc.call(method, params, options);
}

function callTyped(session: Session, step: Step, method: string, options: CallOptions): unknown {
  const typed = session.api[methodName(method) as keyof APIClient] as unknown as TypedMethod | undefined;
  if (typeof typed !== "function") throw new Error(`APIClient has no method ${methodName(method)}`);
  return typed.apply(session.api, step.params === undefined ? [options] : [step.params, options]);
}

/** Reads a stream: its items or the first of them, and what it ends with. */
async function read(stream: RPCStream, step: Step, typed: boolean): Promise<Outcome> {
  const outcome: Outcome = {};
  try {
    if (!step.result_only) {
      const items: unknown[] = (outcome.items = []);
      for await (const item of stream) {
        items.push(item);
        if (items.length === step.take) return outcome;
      }
    }
    const result = await stream.result;
    // A typed stream that returns nothing has the result null.
    if (typed && result === null) return step.result_only ? { ok: true } : outcome;
    return { ...outcome, result };
  } catch (error) {
    return { ...outcome, ...failure(error) };
  }
}

async function callUntilEvent(session: Session, step: Step): Promise<Outcome> {
  for (;;) {
    const outcome = await call(session, step);
    if (outcome.error !== undefined || outcome.client_error !== undefined || outcome.fault !== undefined)
      return outcome;
    if (await session.eventWithin(100)) return outcome;
  }
}

async function run(own: Session, step: Step): Promise<Outcome> {
  const session = step.on === "shared" ? shared : own;
  try {
    if (step.together !== undefined) return { together: await together(own, step.together) };
    if (step.steps !== undefined) return { steps: await sequence(own, step.steps) };
    if (step.connect) {
      await session.connect();
      return { ok: true };
    }
    if (step.disconnect) {
      session.rpc.disconnect();
      return { ok: true };
    }
    if (step.await_state !== undefined) {
      await session.awaitState(step.await_state);
      return { ok: true };
    }
    if (step.subscribe !== undefined) {
      await session.subscribe(step.subscribe, step.as ?? step.subscribe, step.for);
      return { ok: true };
    }
    if (step.unsubscribe !== undefined) {
      session.unsubscribe(step.as ?? step.unsubscribe);
      return { ok: true };
    }
    if (step.events !== undefined) return { events: await session.takeEvents(step.events) };
    if (step.call === undefined && step.notify === undefined && step.stream === undefined)
      return { fault: "the driver does not know the step" };
    return await (step.until_event ? callUntilEvent(session, step) : call(session, step));
  } catch (error) {
    return failure(error);
  }
}

async function sequence(session: Session, steps: Step[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of steps) outcomes.push(await run(session, step));
  return outcomes;
}

function together(session: Session, steps: Step[]): Promise<Outcome[]> {
  const first: Promise<unknown>[] = [];
  const running = steps.map((step) => {
    if (step.after_first) return undefined;
    const outcome = run(session, step);
    first.push(outcome);
    return outcome;
  });
  return Promise.all(
    steps.map(async (step, i) => {
      if (step.after_first) await Promise.race(first);
      return running[i] ?? run(session, step);
    }),
  );
}

const shared = new Session(() => new CentrifugoRPCClient(url, token, undefined, Session.options()));
await shared.connect();
for await (const line of createInterface({ input: process.stdin })) {
  const { name, client, steps } = JSON.parse(line) as Case;
  const session = client === undefined ? shared : Session.of(url, client);
  const outcomes = await sequence(session, steps);
  if (session !== shared) session.close();
  const pending = session.pending();
  if (pending > 0) outcomes.push({ fault: `${pending} calls are still pending` });
  process.stdout.write(JSON.stringify({ name, outcomes }) + "\n");
}
shared.close();
