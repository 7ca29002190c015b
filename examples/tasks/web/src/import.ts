// Importing many tasks: a call that lasts, tells how far it has come, can be
// cancelled, and goes on when its connection is lost.

import { CallAbortedError, type CallOptions, type RPCStream, type TaskImportItem, type TaskImportParams, type TaskImportResult } from "../../sdk/typescript/index.js";
import { find } from "./dom.js";
import { errorText } from "./words.js";

type Start = (params: TaskImportParams, options: CallOptions) => RPCStream<TaskImportItem, TaskImportResult>;

const form = find("import", HTMLFormElement);
const count = find("import-count", HTMLInputElement);
const pause = find("import-pause", HTMLInputElement);
const begin = find("import-begin", HTMLButtonElement);
const cancel = find("import-cancel", HTMLButtonElement);
const drop = find("import-drop", HTMLButtonElement);
const bar = find("import-bar", HTMLProgressElement);
const said = find("import-said", HTMLElement);

/** Lets the form import by start(), and cut the connection by cut(), which says whether there was one. */
export function offerImport(start: Start, cut: () => boolean): void {
  let aborting: AbortController | undefined;
  let cuts = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (aborting !== undefined) return;
    aborting = new AbortController();
    cuts = 0;
    showRunning(true);
    said.textContent = await run(start, aborting.signal, () => cuts);
    aborting = undefined;
    showRunning(false);
  });
  cancel.addEventListener("click", () => aborting?.abort());
  drop.addEventListener("click", () => {
    if (cut()) cuts++;
  });
}

/** Imports, and gives what is to be said in the end. */
async function run(start: Start, signal: AbortSignal, cuts: () => number): Promise<string> {
  const rows = Array.from({ length: count.valueAsNumber || 0 }, (_, i) => ({ title: `Example task ${i + 1}` }));
  const ids = new Set<number>();
  let items = 0;
  show(0, rows.length);
  try {
    const params = { rows, pause_ms: pause.valueAsNumber || 0 };
    const stream = start(params, { signal, onProgress: ({ done, total }) => show(done, total ?? rows.length) });
    for await (const { id } of stream) {
      ids.add(id);
      items++;
      said.textContent = `${items} of ${rows.length} tasks`;
    }
    const { imported } = await stream.result;
    show(imported, rows.length);
    const dropped = cuts() === 0 ? "" : ` The connection was dropped ${cuts() === 1 ? "once" : `${cuts()} times`}.`;
    return `${tasks(imported)} imported. ${items} items came for ${ids.size} different tasks.${dropped}`;
  } catch (error) {
    if (error instanceof CallAbortedError) return `Cancelled. ${tasks(items)} came; what the server had imported by then stays.`;
    return `Stopped after ${tasks(items)}. ${errorText(error)}`;
  }
}

function tasks(n: number): string {
  return n === 1 ? "1 task" : `${n} tasks`;
}

function show(done: number, total: number): void {
  bar.max = Math.max(total, 1);
  bar.value = done;
}

function showRunning(running: boolean): void {
  begin.disabled = running;
  cancel.disabled = !running;
  drop.disabled = !running;
  if (running) bar.hidden = false;
}
