// The page of a server that is the backend of a Centrifugo, at TASKS_BEHIND.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { add, card, errors, open } from "./site.mjs";

const url = process.env.TASKS_BEHIND;
assert.ok(url, "TASKS_BEHIND is not set: run go test ./examples/tasks");

test("pages behind Centrifugo follow each other", async () => {
  const ann = await open("ann", { url });
  const bob = await open("bob", { url });
  await add(ann, "Through Centrifugo");
  await card(bob, "open", "Through Centrifugo").waitFor();
  await bob.getByRole("button", { name: "Move Through Centrifugo to In progress" }).click();
  await card(ann, "in_progress", "Through Centrifugo").waitFor();
  await ann.getByText("You created 1 task: 0 open, 1 in progress, 0 done").waitFor();

  await ann.locator("#quick-title").fill("x".repeat(201));
  await ann.locator("#quick-title").press("Enter");
  await ann.locator("#quick-fault").getByText("200 characters").waitFor();

  // A stream, whose connection drops on its way.
  await ann.getByLabel("Example tasks").fill("60");
  await ann.getByLabel("Milliseconds each").fill("20");
  await ann.getByRole("button", { name: "Import", exact: true }).click();
  await card(bob, "open", "Example task 20").waitFor();
  await ann.getByRole("button", { name: "Drop my connection" }).click();
  await ann.getByText("60 tasks imported. 60 items came for 60 different tasks. The connection was dropped once").waitFor();
  await bob.getByRole("button", { name: "Delete Through Centrifugo" }).click();
  await bob.getByRole("button", { name: "Delete", exact: true }).click();
  await card(ann, "in_progress", "Through Centrifugo").waitFor({ state: "detached" });
  if (process.env.TASKS_SCREENSHOTS) await ann.screenshot({ path: join(process.env.TASKS_SCREENSHOTS, "centrifugo.png") });
  assert.deepEqual(errors, []);
});
