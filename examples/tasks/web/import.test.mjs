// The import in a real browser: its progress, its end by the user's hand, and its
// survival of a lost connection.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { cards, errors, open, server } from "./site.mjs";

const call = (page) => page.locator("#log .call", { hasText: "tasks.import" });
const said = (page, text) => page.locator("#import-said").getByText(text).waitFor();
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function begin(page, tasks, milliseconds) {
  await page.getByLabel("Example tasks").fill(String(tasks));
  await page.getByLabel("Milliseconds each").fill(String(milliseconds));
  await press(page, "Import");
}

/** Waits until so many items are here. */
async function items(page, atLeast) {
  await page.waitForFunction((atLeast) => parseInt(document.querySelector("#import-said").textContent) >= atLeast, atLeast);
}

/** The names of a call's frames, with the numbers of those that come in numbers. */
const frames = async (page) => await call(page).locator(".frame-name").allTextContents();

/** How many items the log counts, over all its lines. */
function logged(names) {
  const counts = names.filter((name) => name.startsWith("item")).map((name) => Number(/×(\d+)$/.exec(name)?.[1] ?? 1));
  return counts.reduce((sum, count) => sum + count, 0);
}

function numbered(n) {
  return Array.from({ length: n }, (_, i) => `Example task ${i + 1}`);
}

async function shot(page, name) {
  if (process.env.TASKS_SCREENSHOTS) await page.screenshot({ path: join(process.env.TASKS_SCREENSHOTS, name) });
}

test("an import tells how far it has come", async () => {
  const page = await open("ann");
  const other = await open("bob");
  await page.evaluate(() => {
    const bar = document.querySelector("#import-bar");
    window.seen = [];
    new MutationObserver(() => window.seen.push(bar.value / bar.max)).observe(bar, { attributes: true });
  });
  await begin(page, 100, 10);
  await said(page, "100 tasks imported. 100 items came for 100 different tasks.");
  const seen = await page.evaluate(() => window.seen);
  assert.ok(new Set(seen).size >= 4, `the bar moved in few steps: ${seen}`);
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b), "the bar only ever grows");
  assert.equal(seen.at(-1), 1);
  for (const each of [page, other]) {
    await each.locator('[data-status="open"] .count').getByText("100", { exact: true }).waitFor();
    assert.deepEqual(await cards(each, "open").allTextContents(), numbered(100));
  }
  await page.getByText("You created 100 tasks").waitFor();
  const names = await frames(page);
  assert.deepEqual([names[0], names.at(-1), logged(names)], ["publish", "reply", 100]);
  assert.ok(names.includes("ack") && names.some((name) => name.startsWith("progress ×")), names.join());
  assert.equal(await page.getByRole("button", { name: "Stop", exact: true }).isDisabled(), true);
  assert.deepEqual(errors, []);
});

test("an import that is cancelled ends on the server", async () => {
  const page = await open("ann");
  const inFlight = async () => Number(/^centrirpc_calls_in_flight (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]);
  await begin(page, 2000, 100);
  await items(page, 5);
  assert.equal(await inFlight(), 1);
  await press(page, "Stop");
  await said(page, "Cancelled.");
  for (const deadline = Date.now() + 10_000; (await inFlight()) !== 0; ) assert.ok(Date.now() < deadline, "the handler goes on");
  assert.ok((await frames(page)).includes("cancel"));
  await page.reload();
  await page.locator("#stats").getByText("You created").waitFor();
  const left = await cards(page, "open").allTextContents();
  assert.ok(left.length >= 5 && left.length < 100, `${left.length} tasks`);
  assert.deepEqual(left, numbered(left.length), "what was imported stays, and nothing else");
  // And another one can begin.
  await begin(page, 1, 0);
  await said(page, "1 task imported. 1 items came for 1 different tasks.");
  assert.deepEqual(errors, []);
});

test("an import whose connection drops goes on, and nothing comes twice", async () => {
  const page = await open("ann", { viewport: { width: 1440, height: 900 } });
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket));
  await begin(page, 300, 20);
  await items(page, 40);
  await press(page, "Drop my connection");
  await page.locator('#state[data-state="connecting"]').waitFor();
  await shot(page, "import-dropped.png");
  await page.locator('#state[data-state="connected"]').waitFor();
  await items(page, 150);
  await shot(page, "import.png");
  await press(page, "Drop my connection");
  await said(page, "300 tasks imported. 300 items came for 300 different tasks. The connection was dropped 2 times.");
  await shot(page, "import-done.png");
  assert.equal(sockets.length, 2, "a new WebSocket for each that was cut");

  await page.locator('[data-status="open"] .count').getByText("300", { exact: true }).waitFor();
  assert.deepEqual(await cards(page, "open").allTextContents(), numbered(300));
  const other = await open("bob"); // as the server has it
  assert.deepEqual(await cards(other, "open").allTextContents(), numbered(300));
  const names = await frames(page);
  assert.equal(names[0], "publish");
  assert.equal(names.at(-1), "reply");
  const plain = names.filter((name) => ["dropped", "resend"].includes(name));
  assert.deepEqual(plain, ["dropped", "resend", "dropped", "resend"], names.join());
  assert.ok(logged(names) >= 300, names.join());
  // The browser's own line about what was sent after the page's cut and before the library heard of it.
  assert.deepEqual(
    errors.filter((line) => line !== "WebSocket is already in CLOSING or CLOSED state."),
    [],
  );
});

test("the import fits a phone", async () => {
  const page = await open("ann", { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: "dark" });
  await begin(page, 30, 100);
  await items(page, 5);
  await page.locator("#import").scrollIntoViewIfNeeded();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await shot(page, "import-phone.png");
  await press(page, "Stop");
  await said(page, "Cancelled.");
});
