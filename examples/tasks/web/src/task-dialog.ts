// The dialogs in which tasks are written, changed and deleted.

import {
  Clearable,
  type Person,
  type Status,
  type Task,
  type TaskCreateParams,
  type TaskUpdateParams,
} from "../../sdk/typescript/index.js";
import { find, make, setFault } from "./dom.js";
import { marked } from "./waiting.js";
import { errorText, faultsByField, statusNames, statuses, toLocalInput } from "./words.js";

const dialog = find("task-dialog", HTMLDialogElement);
const form = find("task-form", HTMLFormElement);
const heading = find("task-heading", HTMLElement);
const alerts = find("task-alerts", HTMLElement);
const title = find("task-title", HTMLInputElement);
const status = find("task-status", HTMLSelectElement);
const due = find("task-due", HTMLInputElement);
const tags = find("task-tags", HTMLInputElement);
const person = find("task-name", HTMLInputElement);
const email = find("task-email", HTMLInputElement);
const fields = [title, status, due, tags, person, email];

for (const each of statuses) status.append(make("option", { value: each }, statusNames[each]));
for (const button of document.querySelectorAll<HTMLButtonElement>("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog")?.close());
}

let save: (signal: AbortSignal) => Promise<unknown> = async () => {};
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector<HTMLButtonElement>("button.main");
  if (button?.disabled) return;
  button?.toggleAttribute("disabled", true);
  showError(undefined);
  const closed = new AbortController();
  const abort = () => closed.abort();
  dialog.addEventListener("close", abort, { once: true });
  try {
    await marked(true, () => showSaving(button), save(closed.signal));
    if (!closed.signal.aborted) dialog.close();
  } catch (error) {
    if (!closed.signal.aborted) showError(error);
  } finally {
    dialog.removeEventListener("close", abort);
    button?.toggleAttribute("disabled", false);
  }
});

function showSaving(button: HTMLButtonElement | null): () => void {
  const before = button?.textContent ?? "";
  if (button !== null) button.textContent = "Saving…";
  return () => {
    if (button !== null) button.textContent = before;
  };
}

function showError(error: unknown): void {
  const faults = faultsByField(error);
  for (const field of fields) {
    setFault(field, faults.get(field.name));
    faults.delete(field.name);
  }
  const first = fields.find((field) => field.hasAttribute("aria-invalid"));
  first?.focus();
  const inWords = error === undefined || (first !== undefined && faults.size === 0) ? "" : errorText(error);
  alerts.textContent = inWords;
}

function open(text: string, task: Partial<Task>): void {
  heading.textContent = text;
  showError(undefined);
  title.value = task.title ?? "";
  status.value = task.status ?? statuses[0] ?? "";
  due.value = toLocalInput(task.due);
  tags.value = (task.tags ?? []).join(", ");
  person.value = task.assignee?.name ?? "";
  email.value = task.assignee?.email ?? "";
  dialog.showModal();
  title.focus();
  title.select();
}

function writtenDue(): string | undefined {
  return due.value === "" ? undefined : new Date(due.value).toISOString();
}

function writtenTags(): string[] {
  const written = tags.value.split(",").map((tag) => tag.trim());
  return written.filter((tag) => tag !== "");
}

function writtenPerson(): Person | undefined {
  const name = person.value.trim();
  const address = email.value.trim();
  if (name === "" && address === "") return undefined;
  return address === "" ? { name } : { name, email: address };
}

/** Lets the user write a new task. It closes when create succeeds; closing it before aborts the signal. */
export function writeTask(begun: string, create: (params: TaskCreateParams, signal: AbortSignal) => Promise<unknown>): void {
  save = (signal) => {
    const params: TaskCreateParams = { title: title.value.trim(), status: status.value as Status, tags: writtenTags() };
    const at = writtenDue();
    const assignee = writtenPerson();
    if (at !== undefined) params.due = at;
    if (assignee !== undefined) params.assignee = assignee;
    return create(params, signal);
  };
  open("New task", { title: begun });
}

/** Lets the user change a task. Only what was changed is sent, so that others may change the rest meanwhile. */
export function changeTask(task: Task, update: (params: TaskUpdateParams, signal: AbortSignal) => Promise<unknown>): void {
  save = (signal) => {
    const params: TaskUpdateParams = { id: task.id };
    const clear: Clearable[] = [];
    const name = title.value.trim();
    if (name !== task.title) params.title = name;
    if (status.value !== task.status) params.status = status.value as Status;
    if (due.value !== toLocalInput(task.due)) {
      const at = writtenDue();
      if (at === undefined) clear.push(Clearable.Due);
      else params.due = at;
    }
    if (!same(writtenTags(), task.tags)) params.tags = writtenTags();
    const assignee = writtenPerson();
    if (!same(assignee, task.assignee)) {
      if (assignee === undefined) clear.push(Clearable.Assignee);
      else params.assignee = assignee;
    }
    if (clear.length > 0) params.clear = clear;
    return Object.keys(params).length > 1 ? update(params, signal) : Promise.resolve();
  };
  open(`Task ${task.id}`, task);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const deleteDialog = find("delete-dialog", HTMLDialogElement);
const deleteForm = find("delete-form", HTMLFormElement);
const deleteTitle = find("delete-title", HTMLElement);
let remove: () => void = () => {};
deleteForm.addEventListener("submit", () => remove());

/** Asks whether to delete a task, and calls back if so. */
export function confirmDelete(task: Task, confirmed: () => void): void {
  remove = confirmed;
  deleteTitle.textContent = task.title;
  deleteDialog.showModal();
}
