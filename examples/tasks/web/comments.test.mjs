// Comments, which the Django project has: TASKS_DJANGO is its endpoint, and a task can
// have two of them there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { add, errors, open } from "./site.mjs";

test("a task is commented on", async () => {
  const page = await open("ann");
  await add(page, "Discuss");
  await page.getByRole("button", { name: "Edit Discuss" }).click();
  const field = page.getByLabel("New comment");
  assert.equal(await field.isVisible(), false);
  await page.getByText("Comments", { exact: true }).click();
  const comments = page.locator("#comments-list p");

  await field.fill(" ");
  await field.press("Enter");
  await page.locator("#comment-fault").getByText("This must not be blank.", { exact: true }).waitFor();
  await field.fill("<b>First</b>");
  assert.equal(await page.locator("#comment-fault").isVisible(), false);
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await comments.getByText("<b>First</b>").waitFor();
  assert.equal(await field.inputValue(), "");
  await page.getByRole("button", { name: "Cancel" }).click();

  // What others see, who open it later.
  const other = await open("bob");
  await other.getByRole("button", { name: "Edit Discuss" }).click();
  await other.getByText("Comments", { exact: true }).click();
  const said = other.locator("#comments-list li");
  await said.getByText("<b>First</b>").waitFor();
  await other.getByLabel("New comment").fill("Second");
  await other.getByLabel("New comment").press("Enter");
  await said.getByText("Second").waitFor();
  assert.deepEqual(await said.locator("strong").allTextContents(), ["ann", "bob"]);
  await other.getByLabel("New comment").fill("Third");
  await other.getByLabel("New comment").press("Enter");
  await other.locator("#comments-said").getByText("The task is full with 2 comments.").waitFor();
  assert.equal(await other.getByLabel("New comment").inputValue(), "Third");
  await other.getByRole("button", { name: "Cancel" }).click();

  // A task that is not there yet has none.
  await page.getByRole("button", { name: "Details…" }).click();
  assert.equal(await page.getByText("Comments", { exact: true }).isVisible(), false);
  assert.deepEqual(errors, []);
});
