// The log of what went over the wire: each call with its frames, and events.

import { ServerError, type Frame } from "../../sdk/typescript/index.js";
import { make } from "./dom.js";

const maxEntries = 100;

interface Entry {
  readonly began: number;
  readonly item: HTMLLIElement;
  readonly outcome: HTMLElement;
  readonly frames: HTMLOListElement;
  /** Items and progress come in numbers: those since the last other frame have one line for each kind. */
  readonly runs: Map<Frame["kind"], { count: number; line: HTMLElement }>;
  settled: boolean;
}

const directions: Record<Frame["kind"], string> = {
  publish: "→",
  resend: "→",
  cancel: "→",
  ack: "←",
  item: "←",
  progress: "←",
  reply: "←",
  error: "!",
};

export class CallLog {
  readonly #list: HTMLOListElement;
  readonly #entries = new Map<string, Entry>();

  constructor(list: HTMLOListElement) {
    this.#list = list;
  }

  clear(): void {
    this.#entries.clear();
    this.#list.replaceChildren();
  }

  /** Takes one step of a call. */
  frame(frame: Frame): void {
    const entry = this.#entries.get(frame.correlationId) ?? this.#begin(frame);
    const after = frame.at - entry.began;
    if (frame.kind === "item" || frame.kind === "progress") this.#again(entry, frame, after);
    else {
      entry.runs.clear();
      entry.frames.append(make("li", {}, frameLine(frame, frame.kind, after)));
    }
    if (frame.kind === "reply") {
      const failed = (frame.data as { error?: { reason?: string } }).error;
      settle(entry, failed === undefined ? "ok" : "failed", failed === undefined ? "ok" : (failed.reason ?? "error"), after);
    } else if (frame.kind === "error") {
      settle(entry, "failed", frame.data instanceof ServerError ? frame.data.reason : "failed", after);
    }
  }

  /** The connection is lost: says so of each call that has no outcome. */
  lost(reason: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.settled) continue;
      entry.runs.clear();
      const after = performance.timeOrigin + performance.now() - entry.began;
      entry.frames.append(make("li", {}, line("✕", "dropped", milliseconds(after), { reason }, reason)));
    }
  }

  /** Takes one of many frames of a kind. Calls that have these stay on top. */
  #again(entry: Entry, frame: Frame, after: number): void {
    const run = entry.runs.get(frame.kind);
    const count = (run?.count ?? 0) + 1;
    const next = frameLine(frame, count === 1 ? frame.kind : `${frame.kind} ×${count}`, after);
    if (run === undefined) entry.frames.append(make("li", {}, next));
    else {
      if (run.line instanceof HTMLDetailsElement && next instanceof HTMLDetailsElement) next.open = run.line.open;
      run.line.replaceWith(next);
    }
    entry.runs.set(frame.kind, { count, line: next });
    if (this.#list.firstElementChild !== entry.item && !this.#list.contains(document.activeElement)) this.#list.prepend(entry.item);
  }

  /** Takes a publication on a channel of the application. */
  event(channel: string, data: unknown): void {
    const item = make("li", { class: "event" }, line("←", "event", channel, data, data));
    this.#add(item);
  }

  #begin(frame: Frame): Entry {
    const outcome = make("span", { class: "outcome" }, "…");
    const frames = make("ol");
    const item = make("li", { class: "call" }, make("p", { class: "call-head" }, make("code", {}, frame.method), outcome), frames);
    const entry: Entry = { began: frame.at, item, outcome, frames, runs: new Map(), settled: false };
    this.#entries.set(frame.correlationId, entry);
    item.dataset["id"] = frame.correlationId;
    this.#add(item);
    return entry;
  }

  #add(item: HTMLLIElement): void {
    this.#list.prepend(item);
    while (this.#list.childElementCount > maxEntries) {
      const oldest = this.#list.lastElementChild as HTMLElement;
      this.#entries.delete(oldest.dataset["id"] ?? "");
      oldest.remove();
    }
  }
}

function settle(entry: Entry, kind: "ok" | "failed", text: string, after: number): void {
  entry.settled = true;
  entry.item.classList.add(kind);
  entry.outcome.textContent = `${text} · ${milliseconds(after)}`;
}

function milliseconds(n: number): string {
  return `${n.toFixed(1)} ms`;
}

function frameLine(frame: Frame, name: string, after: number): HTMLElement {
  return line(directions[frame.kind], name, milliseconds(after), frame.data, heart(frame.data));
}

/** What matters most of an envelope: its params, its result or its error. */
function heart(data: unknown): unknown {
  if (typeof data !== "object" || data === null) return data;
  for (const key of ["params", "item", "progress", "result", "error"] as const) {
    if (key in data) return (data as Record<typeof key, unknown>)[key];
  }
  return data;
}

/** One line, which opens to show its data in full. */
function line(direction: string, name: string, when: string, data: unknown, brief: unknown): HTMLElement {
  const parts = [
    make("span", { class: "direction", "aria-hidden": "true" }, direction),
    make("span", { class: "frame-name" }, name),
    make("span", { class: "when" }, when),
  ];
  if (data === undefined) return make("p", { class: "frame" }, ...parts);
  const text = (value: unknown, indent?: number) =>
    value instanceof Error ? `${value.name}: ${value.message}` : JSON.stringify(value, null, indent);
  const whole = make("pre", { tabindex: 0 });
  const details = make(
    "details",
    {},
    make("summary", { class: "frame" }, ...parts, make("span", { class: "data" }, text(brief))),
    whole,
  );
  details.addEventListener("toggle", () => (whole.textContent = details.open ? text(data, 2) : ""));
  return details;
}
