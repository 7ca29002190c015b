// The page in a real browser. go test runs this with TASKS_PROGRAM, the path of
// the built program; TASKS_SCREENSHOTS keeps screenshots in that folder.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { add, browser, card, cards, errors, focusedCard, open, restart, server } from "./site.mjs";

test("two tabs follow each other", async () => {
  const one = await open("ann");
  const two = await open("ann", { context: one.context() });
  const other = await open("bob");
  await add(one, "Water the plants");
  await card(two, "open", "Water the plants").waitFor();
  await card(other, "open", "Water the plants").waitFor();
  await two.getByText("You created 1 task: 1 open, 0 in progress, 0 done").waitFor();
  await other.getByText("You created 0 tasks").waitFor();

  await other.getByRole("button", { name: "Move Water the plants to In progress" }).click();
  await card(one, "in_progress", "Water the plants").waitFor();
  await one.getByText("You created 1 task: 0 open, 1 in progress, 0 done").waitFor();

  await one.getByRole("article", { name: "Water the plants" }).dragTo(one.locator('[data-status="done"]'));
  await card(two, "done", "Water the plants").waitFor();
  assert.equal(await two.locator("#news").textContent(), "Moved to Done: Water the plants");

  await two.getByRole("button", { name: "Delete Water the plants" }).click();
  await two.getByRole("button", { name: "Delete", exact: true }).click();
  await card(other, "done", "Water the plants").waitFor({ state: "detached" });
  await card(one, "done", "Water the plants").waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
});

test("everything works by keyboard alone", async () => {
  const page = await open("ann");
  const other = await open("bob");
  const { keyboard } = page;
  for (const title of ["First", "Second"]) {
    await keyboard.press("n");
    await keyboard.type(title);
    await keyboard.press("Enter");
    await card(page, "open", title).waitFor();
    await page.locator("#quick-title:focus").waitFor();
    await keyboard.press("Shift+Tab"); // out of the field, so that "n" is a key again
  }

  // From the field over its two buttons to the first card, and down to the second.
  await keyboard.press("n");
  for (let i = 0; i < 3; i++) await keyboard.press("Tab");
  assert.equal(await focusedCard(page), "First");
  await keyboard.press("ArrowDown");
  assert.equal(await focusedCard(page), "Second");

  await keyboard.press("Shift+ArrowRight");
  await card(other, "in_progress", "Second").waitFor();
  await card(page, "in_progress", "Second").waitFor();
  assert.equal(await focusedCard(page), "Second", "a card that moves keeps the focus");
  await keyboard.press("ArrowLeft");
  assert.equal(await focusedCard(page), "First");
  await keyboard.press("ArrowRight");

  await keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Task 2" }).waitFor();
  await keyboard.type("Third"); // over the title, which is selected
  await keyboard.press("Tab");
  await keyboard.press("d"); // chooses Done
  await keyboard.press("Shift+Tab");
  await keyboard.press("Enter");
  await page.locator("#task-dialog").waitFor({ state: "hidden" });
  await card(other, "done", "Third").waitFor();
  await card(page, "done", "Third").waitFor();
  assert.equal(await focusedCard(page), "Third", "the focus returns to the card");

  await keyboard.press("Delete");
  await page.getByRole("dialog", { name: "Delete this task?" }).waitFor();
  await keyboard.press("Escape");
  await page.locator("#delete-dialog").waitFor({ state: "hidden" });
  assert.equal(await cards(page, "done").count(), 1);
  await keyboard.press("Delete");
  await keyboard.press("Enter");
  await card(other, "done", "Third").waitFor({ state: "detached" });
  await card(page, "done", "Third").waitFor({ state: "detached" });
  assert.deepEqual(await cards(page, "open").allTextContents(), ["First"]);
  assert.deepEqual(errors, []);
});

test("a task is written and changed in all its fields", async () => {
  const page = await open("ann", { timezoneId: "America/New_York" });
  await page.locator("#quick-title").fill("Plan");
  await page.getByRole("button", { name: "Details…" }).click();
  assert.equal(await page.getByLabel("Title").inputValue(), "Plan");
  await page.getByLabel("Due").fill("2031-07-01T09:30");
  await page.getByLabel("Tags").fill("a, b");
  await page.getByLabel("Assignee").fill("Ann Lee");
  await page.getByLabel("Their e-mail").fill("ann@example.com");
  await page.getByRole("button", { name: "Save" }).click();
  const plan = page.getByRole("article", { name: "Plan" });
  await plan.waitFor();
  assert.match(await plan.locator("time").textContent(), /Jul 1, 2031, 9:30/);
  assert.equal(await plan.locator("time").getAttribute("datetime"), "2031-07-01T13:30:00Z");
  assert.deepEqual(await plan.locator(".tag").allTextContents(), ["a", "b"]);
  assert.equal(await plan.locator(".person").textContent(), "ALAnn Lee");
  assert.equal(await page.locator("#quick-title").inputValue(), "");

  await page.getByRole("button", { name: "Edit Plan" }).click();
  assert.equal(await page.getByLabel("Due").inputValue(), "2031-07-01T09:30");
  await page.getByText("Comments", { exact: true }).click(); // nobody keeps them in this test
  await page.locator("#comments-said").getByText("Comments are away for now").waitFor();
  for (const field of ["Due", "Tags", "Assignee", "Their e-mail"]) await page.getByLabel(field).fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#task-dialog").waitFor({ state: "hidden" });
  assert.equal(await plan.locator("time, .tag, .person").count(), 0);
  const sent = await page.locator("#log .call", { hasText: "tasks.update" }).locator(".data").first().textContent();
  assert.deepEqual(JSON.parse(sent), { id: 1, tags: [], clear: ["due", "assignee"] });
  assert.deepEqual(errors, []);
});

test("faults are said in words, beside the field", async () => {
  const page = await open("ann");
  await page.locator("#quick-title").press("Enter");
  await page.locator("#quick-fault").getByText("Please write a line of text.").waitFor();
  // A fault is of what was sent: it goes as soon as something else is written, or nothing.
  const quick = page.locator("#quick-title");
  await quick.fill("x".repeat(201));
  assert.equal(await page.locator("#quick-fault").isVisible(), false);
  await quick.press("Enter");
  await page.locator("#quick-fault").getByText("200 characters").waitFor();
  await quick.fill("");
  assert.equal(await page.locator("#quick-fault").isVisible(), false);
  assert.equal(await quick.getAttribute("aria-invalid"), null);
  await page.getByRole("button", { name: "Details…" }).click();
  await page.getByLabel("Title").fill("x".repeat(201));
  await page.getByLabel("Tags").fill(`fine, ${"y".repeat(25)}`);
  await page.getByLabel("Their e-mail").fill("nobody");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#task-title-fault").getByText("200 characters").waitFor();
  await page.locator("#task-tags-fault").getByText("Number 2").waitFor();
  await page.locator("#task-name-fault").getByText("Please write a line of text.").waitFor();
  await page.locator("#task-email-fault").getByText("This is no e-mail address.").waitFor();
  assert.equal(await page.locator(":focus").getAttribute("name"), "title");
  assert.equal(await page.getByLabel("Title").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Their e-mail").fill("");
  assert.equal(await page.locator("#task-email-fault").isVisible(), false);
  assert.equal(await page.locator("#task-tags-fault").isVisible(), true, "the others stay");
  await page.getByRole("button", { name: "Cancel" }).click();

  // A task that is gone meanwhile.
  await add(page, "Gone");
  await page.getByRole("button", { name: "Edit Gone" }).click();
  const other = await open("bob");
  await other.getByRole("button", { name: "Delete Gone" }).click();
  await other.getByRole("button", { name: "Delete", exact: true }).click();
  await card(page, "open", "Gone").waitFor({ state: "detached" });
  await page.getByLabel("Title").fill("Still there?");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#task-alerts").getByText("There is no task 1.").waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(errors, []);
});

test("a full board is said in words", async () => {
  const page = await open("ann");
  await page.locator("#import-count").fill("2000");
  await page.locator("#import-pause").fill("0");
  await page.getByRole("button", { name: "Import" }).click();
  await page.locator("#import-said").getByText("2000 tasks imported.").waitFor();
  await page.locator('[data-status="open"] .count').getByText("2000", { exact: true }).waitFor();
  await page.locator("#quick-title").fill("One too many");
  await page.locator("#quick-title").press("Enter");
  await page.locator("#alerts").getByText("The board is full with 2000 tasks. Delete one to make room.").waitFor();
  assert.equal(await page.locator("#quick-title").inputValue(), "One too many");
  assert.deepEqual(errors, []);
});

test("a user name that cannot be is refused with the reason", async () => {
  const page = await open("ann");
  await page.getByLabel("You are").fill("a:b");
  await page.getByRole("button", { name: "Switch" }).click();
  await page.locator("#who-fault").getByText("holds the character ':'").waitFor();
  assert.equal(await page.locator("#state").textContent(), "connected", "the old session goes on");
  await page.getByLabel("You are").fill("bob");
  await page.getByRole("button", { name: "Switch" }).click();
  await page.locator("#log-channel").getByText("user#bob").waitFor();
  await add(page, "By Bob");
  assert.equal(await page.locator(".by").textContent(), "by bob");
  assert.equal(errors.length, 1, errors.join("\n")); // the browser's own line about the status 400
  assert.match(errors[0], /400/);
});

test("each call shows its frames", async () => {
  const page = await open("ann");
  await page.getByRole("button", { name: "Clear" }).click();
  await add(page, "Look");
  const call = page.locator("#log .call", { hasText: "tasks.create" });
  await call.locator(".outcome").getByText(/^ok · \d+\.\d ms$/).waitFor();
  const names = await call.locator(".frame-name").allTextContents();
  assert.deepEqual(names.sort(), ["ack", "publish", "reply"]);
  for (const when of await call.locator(".when").allTextContents()) assert.match(when, /^\d+\.\d ms$/);
  await call.locator("summary").first().press("Enter");
  const envelope = JSON.parse(await call.locator("pre", { hasText: "method" }).textContent());
  assert.equal(envelope.method, "tasks.create");
  assert.equal(envelope.reply_to, "user#ann");
  assert.match(envelope.correlation_id, /^[0-9a-f-]{36}$/);
  await page.locator("#log .event", { hasText: '"created"' }).waitFor();
  assert.deepEqual(errors, []);
});

test("what users write is text, not HTML", async () => {
  const page = await open("ann");
  const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  await add(page, hostile);
  await page.getByRole("button", { name: `Edit ${hostile}` }).click();
  await page.getByLabel("Assignee").fill(hostile.slice(0, 60));
  await page.getByLabel("Tags").fill("<b>bold</b>");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".person").waitFor();
  assert.equal(await page.locator("img, article script, article b").count(), 0);
  assert.equal(await page.title(), "Tasks");
  assert.deepEqual(errors, []);
});

test("nothing is wider than a phone", async () => {
  const page = await open("ann", { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  const width = () => page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth));
  await add(page, "W".repeat(200));
  await add(page, "A title of ordinary words that is long enough to need more than one line");
  await page.getByRole("button", { name: "Edit A title" }).tap();
  await page.getByLabel("Tags").fill(["one", "W".repeat(24), "three"].join());
  await page.getByLabel("Assignee").fill("N".repeat(60));
  await page.getByLabel("Due").fill("2031-07-01T09:30");
  assert.equal(await width(), 360, "with the dialog open");
  const box = await page.locator("#task-dialog").boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
  await page.getByRole("button", { name: "Save" }).tap();
  await page.locator(".person").waitFor();
  await page.locator("#log summary").first().tap();
  assert.equal(await width(), 360);
  for (const button of await page.locator(".icon").all()) {
    const { width, height } = await button.boundingBox();
    assert.ok(width >= 40 && height >= 40, `a button of ${width} by ${height}`);
  }
  assert.deepEqual(errors, []);
});

test("the page finds its way back to a server that was started again", async () => {
  const page = await open("ann");
  await add(page, "Before");
  await add(page, "Moved");
  await server.stop();
  await page.locator('#state[data-state="connecting"]').waitFor();

  // What is asked for meanwhile is shown as not saved, and can be taken back.
  const pending = page.locator('[data-status="open"] .pending li');
  for (const title of ["Meanwhile", "Discarded"]) {
    await page.locator("#quick-title").fill(title);
    await page.locator("#quick-title").press("Enter");
    await pending.getByText(title, { exact: true }).waitFor();
    assert.equal(await page.locator("#quick-title").inputValue(), "");
  }
  assert.match(await pending.first().textContent(), /not saved yet/);
  const moved = page.getByRole("article", { name: "Moved" });
  await moved.getByRole("button", { name: "Move Moved to In progress" }).click();
  assert.equal(await moved.getAttribute("aria-busy"), "true");
  if (process.env.TASKS_SCREENSHOTS) await page.screenshot({ path: join(process.env.TASKS_SCREENSHOTS, "away.png") });
  await page.getByRole("button", { name: "Discard Discarded" }).click();
  await page.getByRole("button", { name: "Details…" }).click();
  await page.getByLabel("Title").fill("In full");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Saving…" }).waitFor();

  // It signs tokens with another secret now, so the page needs another token too.
  await restart();
  await page.locator('#state[data-state="connected"]').waitFor();
  await page.locator("#task-dialog").waitFor({ state: "hidden" });
  await card(page, "in_progress", "Moved").waitFor();
  await card(page, "open", "In full").waitFor();
  await add(page, "After");
  // The two that waited were sent at once, and the server runs calls side by side.
  const all = ["After", "Before", "In full", "Meanwhile"];
  assert.deepEqual((await cards(page, "open").allTextContents()).sort(), all);
  assert.equal(await page.locator(".pending li, [aria-busy]").count(), 0);
  assert.equal(await page.locator("#alerts").textContent(), "");
  const other = await open("bob"); // the server has them, too
  assert.deepEqual((await cards(other, "open").allTextContents()).sort(), all);
});

test("what waits for the connection is not saved for another user", async () => {
  const page = await open("ann");
  await server.stop();
  await page.locator('#state[data-state="connecting"]').waitFor();
  await page.locator("#quick-title").fill("Ann's");
  await page.locator("#quick-title").press("Enter");
  await page.locator(".pending li").waitFor();
  await restart();
  await page.evaluate(() => {
    document.querySelector("#who-name").value = "bob";
    document.querySelector("#who").requestSubmit();
  });
  await page.locator("#log-channel").getByText("user#bob").waitFor();
  await page.locator('#state[data-state="connected"]').waitFor();
  await add(page, "Bob's"); // sent after whatever had waited
  const saved = await page.locator("article", { hasText: "by bob" }).locator("h3").allTextContents();
  assert.deepEqual(saved, ["Bob's"], "what Ann wrote is hers, or nobody's");
});

test("a server out of reach is said, and can be tried again", async () => {
  const page = await browser.newPage();
  await page.route("**/token*", (route) => route.abort());
  await page.goto(server.url);
  await page.locator("#alerts").getByText("The server cannot be reached.").waitFor();
  assert.equal(await page.locator("#state").textContent(), "disconnected");
  await page.locator("#quick-title").fill("Kept");
  await page.locator("#quick-title").press("Enter");
  await page.locator("#alerts").getByText("There is no connection.").waitFor();
  assert.equal(await page.locator("#quick-title").inputValue(), "Kept");
  await page.unroute("**/token*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator('#state[data-state="connected"]').waitFor();
  await page.locator("#quick-title").press("Enter");
  await card(page, "open", "Kept").waitFor();
});

async function takeScreenshots() {
  const shot = (page, name) => page.screenshot({ path: join(process.env.TASKS_SCREENSHOTS, name) });
  const light = await open("ann", { viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  const tasks = [
    { Title: "Write the release notes", Tags: "docs, 1.0", Assignee: "Ann Lee", Due: "2030-12-01T17:00" },
    { Title: "Try the Python client against staging", Tags: "python", Due: "2025-11-20T09:00" },
    { Title: "Answer the question about channel names", Assignee: "Bob" },
    { Title: "Measure memory per idle connection", Status: "in_progress", Tags: "bench", Assignee: "Chris Okafor" },
    { Title: "Rotate the token keys", Status: "in_progress", Tags: "security, ops", Due: "2031-01-04T10:00" },
    { Title: "Choose the wire format", Status: "done", Tags: "design" },
  ];
  for (const { Status, ...fields } of tasks) {
    await light.getByRole("button", { name: "Details…" }).click();
    if (Status !== undefined) await light.getByLabel("Status").selectOption(Status);
    for (const [field, value] of Object.entries(fields)) await light.getByLabel(field).fill(value);
    await light.getByRole("button", { name: "Save" }).click();
    await light.locator("#task-dialog").waitFor({ state: "hidden" });
  }
  await light.getByText("You created 6 tasks").waitFor();
  await shot(light, "light.png");
  await shot(await open("bob", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }), "dark.png");
  await shot(await open("ann", { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }), "phone.png");
}

if (process.env.TASKS_SCREENSHOTS) test("screenshots", takeScreenshots);
