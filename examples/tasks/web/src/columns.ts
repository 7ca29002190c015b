// The board on the page: a column for each status, a card for each task.

import { Status, type Task } from "../../sdk/typescript/index.js";
import { iconButton, label, make } from "./dom.js";
import { timeText, initials, overdue, statusNames, statuses } from "./words.js";

/** What the user can do with a task. */
export interface Actions {
  move(task: Task, to: Status): void;
  edit(task: Task): void;
  remove(task: Task): void;
}

interface Card {
  readonly item: HTMLLIElement;
  readonly article: HTMLElement;
  show(task: Task): void;
  task: Task;
  /** How many changes are under way. */
  changes: number;
}

interface Column {
  readonly list: HTMLUListElement;
  readonly pending: HTMLUListElement;
  readonly count: HTMLElement;
}

export class Columns {
  readonly #columns = new Map<Status, Column>();
  readonly #cards = new Map<number, Card>();
  readonly #actions: Actions;
  readonly #root: HTMLElement;

  constructor(root: HTMLElement, actions: Actions) {
    this.#root = root;
    this.#actions = actions;
    for (const status of statuses) root.append(this.#column(status));
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows these tasks and no others. What has the focus keeps it. */
  show(tasks: Task[]): void {
    const focused = document.activeElement;
    const wasIn = [...this.#cards.values()].find((card) => card.item.contains(focused));
    const after = wasIn === undefined ? null : (neighbour(wasIn.item, 1) ?? neighbour(wasIn.item, -1));

    const shown = new Set(tasks.map((task) => task.id));
    for (const [id, card] of this.#cards) {
      if (shown.has(id)) continue;
      card.item.remove();
      this.#cards.delete(id);
    }
    for (const status of statuses) this.#fill(status, tasks.filter((task) => task.status === status));

    // Moving or removing an element takes the focus from it.
    if (wasIn === undefined || document.activeElement === focused) return;
    if (wasIn.item.isConnected && focused instanceof HTMLElement) focused.focus();
    if (document.activeElement !== focused) focusCard(wasIn.item.isConnected ? wasIn.item : after) || this.#root.focus();
  }

  /** Shows a task that is not on the server yet, below the others, until the mark is taken away. */
  markNew(status: Status, title: string, discard: () => void): () => void {
    const button = iconButton("delete", discard);
    label(button, `Discard ${title}`);
    const item = make("li", {}, make("span", { class: "title" }, title), make("span", { class: "why" }, "not saved yet"), button);
    this.#columns.get(status)?.pending.append(item);
    return () => item.remove();
  }

  /** Shows that a change of a task is not on the server yet, until the mark is taken away. */
  markChange(task: Task): () => void {
    const card = this.#cards.get(task.id);
    if (card === undefined) return () => {};
    card.changes++;
    card.article.setAttribute("aria-busy", "true");
    return () => {
      if (--card.changes === 0) card.article.removeAttribute("aria-busy");
    };
  }

  #fill(status: Status, tasks: Task[]): void {
    const column = this.#columns.get(status);
    if (column === undefined) return;
    column.count.textContent = String(tasks.length);
    tasks.forEach((task, place) => {
      let card = this.#cards.get(task.id);
      if (card === undefined) {
        this.#cards.set(task.id, (card = this.#card(task)));
        card.show(task);
      } else if (card.task !== task) card.show(task);
      const there = column.list.children[place] ?? null;
      if (there !== card.item) column.list.insertBefore(card.item, there);
    });
  }

  #column(status: Status): HTMLElement {
    const count = make("span", { class: "count" }, "0");
    const id = `column-${status}`;
    const list = make("ul", { "aria-labelledby": id, "data-empty": "No tasks" });
    const pending = make("ul", { class: "pending", "aria-label": `Not saved yet: ${statusNames[status]}` });
    this.#columns.set(status, { list, pending, count });
    const section = make("section", { class: "column", "data-status": status }, make("h2", { id }, statusNames[status], " ", count), list, pending);
    section.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes(dragType)) event.preventDefault();
    });
    section.addEventListener("drop", (event) => {
      const card = this.#cards.get(Number(event.dataTransfer?.getData(dragType)));
      if (card === undefined) return;
      event.preventDefault();
      if (card.task.status !== status) this.#actions.move(card.task, status);
    });
    return section;
  }

  #card(task: Task): Card {
    const title = make("h3", { id: `task-${task.id}` });
    const details = make("div", { class: "details" });
    const left = iconButton("left", () => this.#shift(card.task, -1));
    const right = iconButton("right", () => this.#shift(card.task, 1));
    const edit = iconButton("edit", () => this.#actions.edit(card.task));
    const remove = iconButton("delete", () => this.#actions.remove(card.task));
    const buttons = make("div", { class: "card-buttons" }, left, right, edit, remove);
    const article = make("article", { tabindex: 0, "aria-labelledby": title.id, draggable: "true" }, title, details, buttons);
    article.addEventListener("dragstart", (event) => event.dataTransfer?.setData(dragType, String(task.id)));
    article.addEventListener("dblclick", () => this.#actions.edit(card.task));
    const show = (task: Task) => {
      card.task = task;
      article.id = `card-${task.id}`;
      title.textContent = task.title;
      details.replaceChildren(...detailsOf(task));
      const before = statuses[statuses.indexOf(task.status) - 1];
      const after = statuses[statuses.indexOf(task.status) + 1];
      for (const [button, to] of [[left, before], [right, after]] as const) {
        button.disabled = to === undefined;
        label(button, to === undefined ? `Move ${task.title}` : `Move ${task.title} to ${statusNames[to]}`);
      }
      label(edit, `Edit ${task.title}`);
      label(remove, `Delete ${task.title}`);
    };
    const card: Card = { item: make("li", {}, article), article, show, task, changes: 0 };
    return card;
  }

  #shift(task: Task, by: -1 | 1): void {
    const to = statuses[statuses.indexOf(task.status) + by];
    if (to !== undefined) this.#actions.move(task, to);
  }

  /** Keys on a card itself; its buttons have their own. */
  #key(event: KeyboardEvent): void {
    const card = [...this.#cards.values()].find((card) => card.article === event.target);
    if (card === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const sideways = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : undefined;
    const along = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : undefined;
    if (sideways !== undefined && event.shiftKey) this.#shift(card.task, sideways);
    else if (event.shiftKey) return;
    else if (sideways !== undefined) this.#focusBeside(card, sideways);
    else if (along !== undefined) focusCard(neighbour(card.item, along));
    else if (event.key === "Enter") this.#actions.edit(card.task);
    else if (event.key === "Delete" || event.key === "Backspace") this.#actions.remove(card.task);
    else return;
    event.preventDefault();
  }

  #focusBeside(card: Card, by: -1 | 1): void {
    const place = [...(card.item.parentElement?.children ?? [])].indexOf(card.item);
    for (let at = statuses.indexOf(card.task.status) + by; statuses[at] !== undefined; at += by) {
      const items = this.#columns.get(statuses[at] as Status)?.list.children;
      if (items !== undefined && items.length > 0) return void focusCard(items[Math.min(place, items.length - 1)] ?? null);
    }
  }
}

const dragType = "application/x-task";

function neighbour(item: Element, by: -1 | 1): Element | null {
  return by < 0 ? item.previousElementSibling : item.nextElementSibling;
}

function focusCard(item: Element | null): boolean {
  const article = item?.querySelector("article");
  article?.focus();
  return article != null;
}

function detailsOf(task: Task): Node[] {
  const parts: Node[] = [];
  if (task.due !== undefined) {
    const late = overdue(task);
    parts.push(make("time", { class: late ? "due late" : "due", datetime: task.due }, `${late ? "Overdue: " : ""}${timeText(task.due)}`));
  }
  for (const tag of task.tags) parts.push(make("span", { class: "tag" }, tag));
  if (task.assignee !== undefined) {
    const { name, email } = task.assignee;
    parts.push(make("span", { class: "person", title: email }, make("span", { class: "initials", "aria-hidden": "true" }, initials(name)), name));
  }
  parts.push(make("span", { class: "by" }, `by ${task.created_by}`));
  return parts;
}
