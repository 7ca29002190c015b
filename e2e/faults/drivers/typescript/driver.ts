// Starts calls as a fault test asks for and tells how each ended: commands as
// JSON lines on standard input, what happens as JSON lines on standard output;
// see doc.go.

import { createInterface } from "node:readline";

import { WebSocket } from "ws";

import { CentrifugoRPCClient, ClientError, type Frame, ServerError } from "../../../../sdk/typescript/src/index.js";

interface Command {
  start?: "call" | "notify" | "stream";
  key: string;
  method: string;
  params: { say: string };
  timeout_ms?: number;
  idempotent?: boolean;
  volatile?: boolean;
  take?: number;
  pause_ms?: number;
  hold?: number;
  go_on?: string;
  cancel?: string;
  stats?: string;
  close?: boolean;
  subscribe?: string;
}

type Outcome = Record<string, unknown>;

const [, , url = "", token = "", silence = "10"] = process.argv;
const aborts = new Map<string, AbortController>();
const keys = new Map<string, string>();
// Streams that are told to go on.
const held = new Map<string, { goOn: () => void; told: Promise<void> }>();
// With a fallback to use, there is no WebSocket to be had.
const fallback = process.env["FALLBACK"];
const server = new URL(url.replace("ws", "http"));
const rpc = new CentrifugoRPCClient(fallback === undefined ? url : `${url}/none`, token, undefined, {
  websocket: WebSocket,
  transports: fallback === "http_stream" ? [{ transport: fallback, endpoint: new URL("/connection/http_stream", server).href }] : undefined,
  silence: Number(silence) * 1000,
  centrifuge: { minReconnectDelay: 20, maxReconnectDelay: 300, emulationEndpoint: new URL("/emulation", server).href },
});

function say(what: Outcome): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function observe(frame: Frame): void {
  if (frame.kind === "publish") {
    const { params } = frame.data as { params: { say: string } };
    keys.set(frame.correlationId, params.say);
  }
  const key = keys.get(frame.correlationId);
  if (["ack", "resend", "cancel"].includes(frame.kind) && key !== undefined) say({ frame: frame.kind, key });
}
rpc.onState((state) => say({ state }));
if (process.env["FRAMES"] !== "0") rpc.onFrame(observe);

function failure(error: unknown): Outcome {
  if (error instanceof ServerError) return { error: error.reason };
  if (error instanceof ClientError) return { client_error: error.name };
  return { fault: String(error) };
}

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function stream(command: Command, options: object): Promise<Outcome> {
  let seen = 0;
  const items = rpc.stream<{ i: number }, { say: string; sent: number }>(command.method, command.params, options);
  try {
    for await (const item of items) {
      if (item.i !== seen) return { fault: `item ${item.i} where ${seen} was due` };
      seen++;
      if (command.pause_ms !== undefined && seen % 16 === 0) await pause(command.pause_ms);
      if (seen === command.hold) {
        say({ frame: "held", key: command.key });
        await held.get(command.key)?.told;
      }
      if (seen === command.take) return { result: "left", items: seen };
    }
    const did = await items.result;
    return { result: did.say, items: seen, sent: did.sent };
  } catch (error) {
    return { ...failure(error), items: seen };
  }
}

async function outcome(command: Command): Promise<Outcome> {
  const { method, params } = command;
  const abort = new AbortController();
  aborts.set(command.key, abort);
  const options = {
    signal: abort.signal,
    ...(command.timeout_ms === undefined ? {} : { timeout: command.timeout_ms }),
    ...(command.idempotent === true ? { idempotent: true } : {}),
    ...(command.volatile === true ? { volatile: true } : {}),
  };
  try {
    switch (command.start) {
      case "notify":
        await rpc.notify(method, params, options);
        return { result: "accepted" };
      case "stream":
        return await stream(command, options);
      default:
        return { result: ((await rpc.call(method, params, options)) as { say: string }).say };
    }
  } catch (error) {
    return failure(error);
  } finally {
    aborts.delete(command.key);
  }
}

function obey(command: Command): void {
  if (command.start !== undefined) {
    if (command.hold !== undefined) {
      let goOn = () => {};
      const told = new Promise<void>((resolve) => (goOn = resolve));
      held.set(command.key, { goOn, told });
    }
    void outcome(command).then((end) => say({ done: command.key, ...end }));
  } else if (command.go_on !== undefined) held.get(command.go_on)?.goOn();
  else if (command.cancel !== undefined) aborts.get(command.cancel)?.abort();
  else if (command.stats !== undefined) {
    say({ stats: command.stats, pending: rpc.pendingCalls, left: timers(), clock: Date.now() / 1000 });
  } else if (command.subscribe !== undefined) {
    const channel = command.subscribe;
    rpc
      .subscribe<{ say: string }>(channel, (event) => say({ frame: "event", key: event.say }))
      .then(
        () => say({ done: channel, result: "subscribed" }),
        (error: unknown) => say({ done: channel, ...failure(error) }),
      );
  } else if (command.close === true) {
    rpc.disconnect();
    say({ closed: true });
  }
}

const before = timers();
await rpc.connect();
say({ ready: true, left: before });
for await (const line of createInterface({ input: process.stdin })) obey(JSON.parse(line) as Command);
rpc.disconnect();
process.exit(0); // a half-open socket would wait for its peer
