// The page: the board, its calls and what they looked like on the wire.

import { Status, type APIClient, type ChannelSubscription, type ConnectionState, type Event as TaskEvent, type Task } from "../../sdk/typescript/index.js";
import { Board } from "./board.js";
import { CallLog } from "./call-log.js";
import { Columns } from "./columns.js";
import { offerComments } from "./comments.js";
import { find, make, setFault } from "./dom.js";
import { offerImport } from "./import.js";
import { BadUserError, openSession, rememberUser, rememberedUser } from "./session.js";
import { currentNode, cutConnection } from "./socket.js";
import { changeTask, confirmDelete, writeTask } from "./task-dialog.js";
import { Waiting, marked } from "./waiting.js";
import { errorText, faultsByField, statusNames, statuses } from "./words.js";

const log = new CallLog(find("log", HTMLOListElement));
const columns = new Columns(find("board", HTMLElement), { move, edit, remove });
let board = new Board();
let api: APIClient | undefined;
const waiting = new Waiting();

// --- The connection

const who = find("who-name", HTMLInputElement);
let turn = 0;

/** Becomes the user, unless another is chosen meanwhile. */
async function enter(user: string): Promise<void> {
  const mine = ++turn;
  setFault(who, undefined);
  try {
    const next = await openSession(user);
    if (mine === turn) await begin(next);
  } catch (error) {
    if (mine !== turn) return;
    showState(api?.rpc.state ?? "disconnected");
    if (error instanceof BadUserError) {
      setFault(who, error.message);
      who.focus();
    } else showAlert(error, () => enter(user));
  }
}

async function begin(next: APIClient): Promise<void> {
  const user = next.rpc.userId;
  if (api?.rpc.userId !== user) waiting.drop(new Error("it was not saved before another user was chosen"));
  api?.rpc.disconnect();
  api = next;
  board = new Board();
  rememberUser(user);
  who.value = user;
  find("log-channel", HTMLElement).textContent = next.rpc.replyChannel;
  showState("connecting");
  next.rpc.onFrame((frame) => log.frame(frame));
  let subscription: ChannelSubscription | undefined;
  next.rpc.onState((state, why) => {
    if (next !== api) return;
    showState(state);
    if (state === "connected") waiting.resume(next);
    if (state !== "connected") log.lost(why.reason);
    if (subscription === undefined) return;
    if (state === "connected") void load(next); // again: what was missed meanwhile
    // The server refused to have the user back, perhaps because it was started again with another secret.
    if (state === "disconnected" && why.code !== 0) void enter(user);
  });
  await next.rpc.connect();
  subscription = await next.subscribeTasks((event) => next === api && hear(event));
  await load(next);
}

function showState(state: ConnectionState): void {
  const place = find("state", HTMLElement);
  place.dataset["state"] = state;
  place.textContent = state;
  const node = state === "connected" ? currentNode() : undefined;
  const where = find("node", HTMLElement);
  where.hidden = node === undefined;
  where.textContent = node === undefined ? "" : `to ${node}`;
}

/** Asks for everything anew. */
async function load(from: APIClient): Promise<void> {
  const asked = board.clock;
  try {
    const tasks = await list(from);
    if (from !== api) return;
    board.replace(tasks, asked);
    show();
    await showStats(from);
  } catch (error) {
    if (from === api) showAlert(error, () => load(from));
  }
}

/** All tasks there are. */
async function list(from: APIClient): Promise<Task[]> {
  const all: Task[] = [];
  for (let more = true; more; ) {
    const page = await from.tasksList({ after: all.at(-1)?.id ?? 0 });
    all.push(...page.tasks);
    more = page.more;
  }
  return all;
}

// --- What the board shows

function show(): void {
  columns.show(board.tasks);
}

const known = new Set<TaskEvent["type"]>(["created", "imported", "updated", "deleted"]);

function hear(event: TaskEvent): void {
  log.event("tasks", event);
  if (!known.has(event.type)) return; // a newer server's
  const task = event.type === "deleted" ? board.get(event.id) : event.type === "imported" ? event.tasks[0] : event.task;
  const before = task && board.get(task.id);
  board.apply(event);
  show();
  tell(event, before);
  if (api === undefined || task?.created_by !== api.rpc.userId) return;
  if (event.type === "imported") statsSoon(api); // many of these come together
  else void refreshStats(api);
}

function tell(event: TaskEvent, before: Task | undefined): void {
  const news = find("news", HTMLElement);
  if (event.type === "imported") news.textContent = `New: ${event.tasks.length === 1 ? "1 task" : `${event.tasks.length} tasks`}`;
  else if (event.type === "deleted") news.textContent = before === undefined ? "" : `Deleted: ${before.title}`;
  else if (event.type === "created") news.textContent = `New in ${statusNames[event.task.status]}: ${event.task.title}`;
  else if (before?.status === event.task.status) news.textContent = `Changed: ${event.task.title}`;
  else news.textContent = `Moved to ${statusNames[event.task.status]}: ${event.task.title}`;
}

let statsWanted = false;
let statsRunning = false;

/** Counts again; many wishes at a time are one. */
async function refreshStats(from: APIClient): Promise<void> {
  statsWanted = true;
  if (statsRunning) return;
  statsRunning = true;
  try {
    while (statsWanted && from === api) {
      statsWanted = false;
      await showStats(from);
    }
  } catch (error) {
    showAlert(error);
  } finally {
    statsRunning = false;
  }
}

let statsTimer: number | undefined;

function statsSoon(from: APIClient): void {
  statsTimer ??= window.setTimeout(() => {
    statsTimer = undefined;
    void refreshStats(from);
  }, 1000);
}

async function showStats(from: APIClient): Promise<void> {
  const { total, by_status } = await from.tasksGetStats({ user_id: from.rpc.userId });
  if (from !== api) return;
  const counts = statuses.map((status) => `${by_status[status] ?? 0} ${statusNames[status].toLowerCase()}`);
  find("stats", HTMLElement).replaceChildren(
    make("strong", {}, `You created ${total} ${total === 1 ? "task" : "tasks"}`),
    total === 0 ? "" : `: ${counts.join(", ")}`,
  );
}

/** Shows an error until it is closed or, where that makes sense, tried again. */
function showAlert(error: unknown, again?: () => unknown): void {
  const alerts = find("alerts", HTMLElement);
  alerts.replaceChildren();
  if (error === undefined) return;
  const button = make("button", { type: "button" }, again === undefined ? "Close" : "Try again");
  button.addEventListener("click", () => {
    alerts.replaceChildren();
    again?.();
  });
  alerts.append(make("span", {}, errorText(error)), button);
}

// --- What the user does

/** The API as soon as it is connected. A first connection is not waited for: there may never be one. */
async function connected(signal?: AbortSignal): Promise<APIClient> {
  if (api === undefined) throw new Error("there is no connection");
  return api.rpc.state === "connected" ? api : waiting.wait(signal);
}

const isConnected = () => api?.rpc.state === "connected";

/** Runs a call and shows its error, if nobody else does. */
async function attempt(call: () => Promise<unknown>): Promise<void> {
  if (api === undefined) return showAlert(new Error("there is no connection"), () => enter(who.value));
  showAlert(undefined);
  try {
    await call();
  } catch (error) {
    showAlert(error);
  }
}

/** The reply may come before the event, or the event before the reply: either is enough. */
async function put(task: Promise<Task>): Promise<void> {
  board.put(await task);
  show();
}

/** Makes a change of a task, which is marked until the server has it. */
function change(task: Task, call: (api: APIClient) => Promise<void>): void {
  void attempt(() => marked(isConnected(), () => columns.markChange(task), connected().then(call)));
}

function move(task: Task, to: Status): void {
  change(task, (api) => put(api.tasksUpdate({ id: task.id, status: to })));
}

function edit(task: Task): void {
  offerComments(task.id, connected);
  changeTask(task, async (params, signal) => put((await connected(signal)).tasksUpdate(params, { signal })));
}

function remove(task: Task): void {
  confirmDelete(task, () =>
    change(task, async (api) => {
      await api.tasksDelete({ id: task.id });
      board.remove(task.id);
      show();
    }),
  );
}

const quickTitle = find("quick-title", HTMLInputElement);

find("quick", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const title = quickTitle.value.trim();
  void attempt(async () => {
    quickTitle.value = ""; // the next one can be written at once
    setFault(quickTitle, undefined);
    const discarding = new AbortController();
    const { signal } = discarding;
    const mark = () => columns.markNew(Status.Open, title, () => discarding.abort());
    try {
      await marked(isConnected(), mark, connected(signal).then((api) => put(api.tasksCreate({ title }, { signal }))));
    } catch (error) {
      if (signal.aborted) return;
      if (quickTitle.value === "") quickTitle.value = title;
      const fault = faultsByField(error).get("title");
      if (fault === undefined) throw error;
      setFault(quickTitle, fault);
      quickTitle.focus();
    }
  });
});

find("quick-details", HTMLButtonElement).addEventListener("click", () => {
  offerComments(undefined, connected);
  writeTask(quickTitle.value.trim(), async (params, signal) => {
    await put((await connected(signal)).tasksCreate(params, { signal }));
    quickTitle.value = "";
    setFault(quickTitle, undefined);
  });
});

offerImport((params, options) => {
  if (api === undefined) throw new Error("there is no connection");
  return api.tasksImport(params, options);
}, cutConnection);

find("log-clear", HTMLButtonElement).addEventListener("click", () => log.clear());

document.addEventListener("keydown", (event) => {
  if (event.key !== "n" || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target instanceof HTMLElement && event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  quickTitle.focus();
});

find("who", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  showAlert(undefined);
  void enter(who.value);
});

who.value = rememberedUser();
void enter(who.value);
