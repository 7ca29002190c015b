// What the page says.

import { BoardFullError, InvalidParamsError, ServerError, Status, ThreadFullError, type Fault, type Task } from "../../sdk/typescript/index.js";

export const statuses: readonly Status[] = [Status.Open, Status.InProgress, Status.Done];

export const statusNames: Record<Status, string> = {
  [Status.Open]: "Open",
  [Status.InProgress]: "In progress",
  [Status.Done]: "Done",
};

/** The faults of an error by the form's field they belong to; empty if it is another error. */
export function faultsByField(error: unknown): Map<string, string> {
  const faults = new Map<string, string>();
  if (!(error instanceof InvalidParamsError)) return faults;
  for (const fault of error.details as Fault[]) {
    const field = fault.field.replace(/\[\d+\].*$/, ""); // "tags[1]" is said of the tags
    if (!faults.has(field)) faults.set(field, faultText(fault));
  }
  return faults;
}

function faultText(fault: Fault): string {
  const item = /\[(\d+)\]$/.exec(fault.field);
  const subject = item === null ? "This" : `Number ${Number(item[1]) + 1}`;
  switch (fault.rule) {
    case "required":
    case "min":
    case "one_line":
      return item === null ? "Please write a line of text." : `${subject} must be a line of text.`;
    case "1970_to_9999":
      return "This must be in the years 1970 to 9999.";
    case "unique":
      return "One of them is there twice.";
    case "email":
      return "This is no e-mail address.";
    default:
      return `${subject}${fault.message.startsWith(fault.field) ? fault.message.slice(fault.field.length).replace(/^: /, " ") : `: ${fault.message}`}.`;
  }
}

/** An error in words for the page. */
export function errorText(error: unknown): string {
  const faults = [...faultsByField(error)];
  if (faults.length > 0) return faults.map(([field, text]) => `${field}: ${text}`).join(" ");
  if (error instanceof BoardFullError) return `The board is full with ${error.details.limit} tasks. Delete one to make room.`;
  if (error instanceof ThreadFullError) return `The task is full with ${error.details.limit} comments.`;
  if (error instanceof ServerError) return error.message;
  if (error instanceof Error) return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
  return String(error);
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function timeText(time: string): string {
  return dates.format(new Date(time));
}

export function overdue(task: Task): boolean {
  return task.due !== undefined && task.status !== Status.Done && Date.parse(task.due) < Date.now();
}

/** A time as the field of type datetime-local has it: local, to the minute. */
export function toLocalInput(due: string | undefined): string {
  if (due === undefined) return "";
  const date = new Date(due);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
}
