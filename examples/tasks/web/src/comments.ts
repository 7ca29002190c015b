// What is said about a task. It is asked for when the user opens it in the task's
// dialog: another service keeps it, which need not be there.

import { UnavailableError, type Comment, type CommentAddParams, type CommentListParams, type CommentListResult } from "../../sdk/typescript/index.js";
import { find, make, setFault } from "./dom.js";
import { errorText, faultsByField, timeText } from "./words.js";

interface Calls {
  commentsAdd(params: CommentAddParams): Promise<Comment>;
  commentsList(params: CommentListParams): Promise<CommentListResult>;
}

/** The task whose comments are offered, and who is asked. */
interface Offer {
  readonly task: number;
  readonly connected: () => Promise<Calls>;
}

const box = find("comments", HTMLDetailsElement);
const list = find("comments-list", HTMLOListElement);
const said = find("comments-said", HTMLElement);
const form = find("comment-form", HTMLFormElement);
const text = find("comment-text", HTMLInputElement);

let offer: Offer | undefined;

/** Whether all comments were read; what is written before stands alone. */
let complete = false;

/** Whether a comment is on its way: it is not to be sent twice. */
let sending = false;

/** Offers the comments on a task, which are not there before a task is. */
export function offerComments(task: number | undefined, connected: () => Promise<Calls>): void {
  offer = task === undefined ? undefined : { task, connected };
  box.hidden = task === undefined;
  box.open = false;
  complete = sending = false;
  text.value = "";
  show([]);
  say(undefined);
}

box.addEventListener("toggle", () => {
  const mine = offer;
  if (!box.open || mine === undefined) return;
  void attempt(mine, () => load(mine));
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const mine = offer;
  if (mine === undefined || sending) return;
  sending = true;
  void attempt(mine, async () => {
    const comment = await (await mine.connected()).commentsAdd({ task_id: mine.task, text: text.value });
    if (mine !== offer) return;
    text.value = "";
    if (complete) list.append(item(comment));
    else await load(mine);
    list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }).finally(() => {
    if (mine === offer) sending = false;
  });
});

async function load(mine: Offer): Promise<void> {
  const comments = await all(mine);
  if (mine !== offer) return;
  show(comments);
  complete = true;
}

async function all({ task, connected }: Offer): Promise<Comment[]> {
  const comments: Comment[] = [];
  for (let more = true; more; ) {
    const last = comments.at(-1);
    const page = await (await connected()).commentsList({ task_id: task, ...(last && { after: last.id }) });
    comments.push(...page.comments);
    more = page.more;
  }
  return comments;
}

async function attempt(mine: Offer, call: () => Promise<void>): Promise<void> {
  say(undefined);
  try {
    await call();
  } catch (error) {
    if (mine === offer) say(error);
  }
}

function say(error: unknown): void {
  const fault = faultsByField(error).get("text");
  setFault(text, fault);
  if (error === undefined || fault !== undefined) said.textContent = "";
  else if (error instanceof UnavailableError) said.textContent = "Comments are away for now: the service that keeps them does not answer.";
  else said.textContent = errorText(error);
}

function show(comments: Comment[]): void {
  list.replaceChildren(...comments.map(item));
}

function item({ author, text, written_at }: Comment): HTMLLIElement {
  const time = make("time", { datetime: written_at }, timeText(written_at));
  return make("li", {}, make("strong", {}, author), " ", time, make("p", {}, text));
}
