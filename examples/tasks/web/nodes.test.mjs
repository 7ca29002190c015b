// The page on several nodes that share a Redis, whose URL is TASKS_REDIS, and a board.

import assert from "node:assert/strict";
import { test } from "node:test";
import { add, card, errors, open, startNode } from "./site.mjs";

const redis = process.env.TASKS_REDIS;
assert.ok(redis, "TASKS_REDIS is not set: run go test ./examples/tasks");

test("pages at different nodes follow each other", async () => {
  const shared = ["-redis", redis, "-secret", "a secret of this test that all nodes have"];
  const nodes = [await startNode(...shared), await startNode(...shared)];
  const ann = await open("ann", { url: nodes[0].url });
  const bob = await open("bob", { url: nodes[1].url });
  for (const [page, at] of [[ann, nodes[0]], [bob, nodes[1]]]) {
    assert.equal(await page.locator("#node").textContent(), `to ${new URL(at.url).host}`, "the page says which node it is at");
  }
  await add(ann, "Made at one node");
  await card(bob, "open", "Made at one node").waitFor();
  await bob.getByRole("button", { name: "Move Made at one node to In progress" }).click();
  await card(ann, "in_progress", "Made at one node").waitFor();
  await add(bob, "Made at the other");
  await card(ann, "open", "Made at the other").waitFor();
  await Promise.all([ann, bob].map((page) => page.close()));
  await Promise.all(nodes.map((node) => node.stop()));
  assert.deepEqual(errors, []);
});
