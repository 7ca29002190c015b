// What the tests of the page share: a browser, and for each test a server with a
// board of its own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach } from "node:test";
import { chromium } from "playwright-core";

const program = process.env.TASKS_PROGRAM;
assert.ok(program, "TASKS_PROGRAM is not set: run go test ./examples/tasks");

export let browser;
let folder;
export let server;
/** What went wrong on the pages of this test. */
export const errors = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
});
after(() => browser?.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tasks-"));
  server = await start("127.0.0.1:0");
  errors.length = 0;
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Starts the server again where it was, with the same board. */
export async function restart() {
  server = await start(new URL(server.url).host);
}

/** Starts one more node on this test's board, with arguments of its own. */
export const startNode = (...args) => start("127.0.0.1:0", ...args);

async function start(address, ...args) {
  const child = spawn(program, ["-addr", address, "-db", join(folder, "tasks.db"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  child.stderr.on("data", (data) => said.push(data));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const line = await Promise.race([
    new Promise((resolve) => createInterface(child.stdout).once("line", resolve)),
    ended.then((code) => assert.fail(`the program ended with ${code}: ${Buffer.concat(said)}`)),
  ]);
  const url = /^listening on (http:\/\/\S+)$/.exec(line)?.[1];
  assert.ok(url, line);
  const stop = async () => {
    child.kill();
    assert.equal(await ended, 0, String(Buffer.concat(said)));
  };
  return { url, stop };
}

/** Opens the page as a user, in a context of its own and at this test's server unless others are given. */
export async function open(user, { context, url = server.url, ...options } = {}) {
  const within = context ?? (await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options }));
  if (context === undefined) await within.addInitScript((user) => localStorage.setItem("tasks.user", user), user);
  const page = await within.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(url);
  await page.locator('#state[data-state="connected"]').waitFor();
  await page.locator("#stats").getByText("You created").waitFor();
  return page;
}

export const cards = (page, status) => page.locator(`[data-status="${status}"] article h3`);
export const card = (page, status, title) => cards(page, status).getByText(title, { exact: true });
export const focusedCard = (page) => page.evaluate(() => document.activeElement?.querySelector("h3")?.textContent);

export async function add(page, title) {
  await page.locator("#quick-title").fill(title);
  await page.locator("#quick-title").press("Enter");
  await card(page, "open", title).waitFor();
}
