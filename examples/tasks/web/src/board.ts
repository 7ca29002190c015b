// What the page knows of the tasks, whichever way and in whatever order it
// heard of them: replies, events, lists.

import type { Event as TaskEvent, Task } from "../../sdk/typescript/index.js";

export class Board {
  readonly #tasks = new Map<number, Task>();
  readonly #deleted = new Set<number>();
  /** When each task was last heard of, by a clock that counts news. */
  readonly #heard = new Map<number, number>();
  #clock = 0;

  /** All tasks, oldest first. */
  get tasks(): Task[] {
    return [...this.#tasks.values()].sort((a, b) => a.id - b.id);
  }

  /** The time, to be given to replace(). */
  get clock(): number {
    return this.#clock;
  }

  get(id: number): Task | undefined {
    return this.#tasks.get(id);
  }

  /** Takes the state of a task, unless a newer one is known. */
  put(task: Task): void {
    const known = this.#tasks.get(task.id);
    if (this.#deleted.has(task.id) || (known !== undefined && known.version > task.version)) return;
    this.#tasks.set(task.id, task);
    this.#heard.set(task.id, ++this.#clock);
  }

  /** Forgets a task for good: its id is never used again. */
  remove(id: number): void {
    this.#tasks.delete(id);
    this.#heard.delete(id);
    this.#deleted.add(id);
    this.#clock++;
  }

  apply(event: TaskEvent): void {
    if (event.type === "deleted") this.remove(event.id);
    else if (event.type === "imported") event.tasks.forEach((task) => this.put(task));
    else this.put(event.task);
  }

  /** Takes a list that was asked for at that time: tasks heard of since then stay, even if it lacks them. */
  replace(tasks: Task[], asked: number): void {
    const listed = new Set(tasks.map((task) => task.id));
    for (const id of [...this.#tasks.keys()]) {
      if (!listed.has(id) && (this.#heard.get(id) ?? 0) <= asked) this.remove(id);
    }
    for (const task of tasks) this.put(task);
  }
}
