// The parts of the client that keep calls alive, each by itself.

import assert from "node:assert/strict";
import test from "node:test";

import { Alarm } from "../src/rpc-alarm.js";
import { Items } from "../src/rpc-items.js";
import { Pace } from "../src/rpc-pace.js";
import { Received } from "../src/rpc-received.js";
import { backoff, passesLater } from "../src/rpc-retry.js";
import { heldClock } from "./fake.js";

test("an alarm rings once, at the earliest time asked for", async (t) => {
  const clock = await heldClock(t);
  let rings = 0;
  const alarm = new Alarm(() => rings++);
  const start = performance.now();
  alarm.by(start + 100);
  alarm.by(start + 50);
  alarm.by(start + 200);
  alarm.by(Infinity);
  assert.equal(alarm.set, true);
  clock.tick(49);
  assert.equal(rings, 0);
  clock.tick(300);
  assert.equal(rings, 1);
  assert.equal(alarm.set, false);
  alarm.by(performance.now() + 10);
  alarm.clear();
  clock.tick(20);
  assert.equal(rings, 1);
});

test("delays double up to five seconds, and are any part of that", (t) => {
  assert.deepEqual(
    [99, 100, 103, 107, 111, 429, 500, 503, 520].filter((code) => passesLater(code)),
    [100, 111, 429, 503],
  );
  t.mock.method(Math, "random", () => 0.5);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 1e9].map((refusals) => backoff(refusals)),
    [50, 100, 200, 400, 800, 1600, 2500, 2500, 2500],
  );
  t.mock.method(Math, "random", () => 0);
  assert.equal(backoff(3), 0);
});

test("at most 32 are out; a sign, an end or a second lets others go", async (t) => {
  const clock = await heldClock(t);
  const sent: number[] = [];
  const pace = new Pace<number>((thing) => sent.push(thing));
  pace.add(Array.from({ length: 100 }, (_, i) => i));
  assert.equal(sent.length, 32);
  pace.acknowledged(5);
  pace.acknowledged(5);
  assert.deepEqual(sent.slice(32), [32]);
  pace.remove(6);
  pace.remove(34); // which was still waiting
  pace.acknowledged(99);
  assert.deepEqual(sent.slice(33), [33]);
  clock.tick(999);
  assert.equal(sent.length, 34);
  clock.tick(1);
  assert.equal(sent.length, 66);
  assert.ok(!sent.includes(34));
  pace.clear();
  clock.tick(5000);
  assert.equal(sent.length, 66);
  pace.add([200]);
  assert.equal(sent.at(-1), 200);
});

test("at most 1024 received ids are kept, the newest", async (t) => {
  const clock = await heldClock(t);
  let flushes = 0;
  const received = new Received(() => flushes++);
  received.connected("e1");
  for (let i = 0; i < 2000; i++) received.add(`id ${i}`);
  assert.equal(received.size, 1024);
  assert.deepEqual(received.take(1000).slice(0, 2), ["id 976", "id 977"]);
  assert.equal(received.take(1e6).length, 64);
  assert.deepEqual(received.take(5), []);
  clock.tick(1);
  assert.equal(flushes, 1);
  received.clear();
  assert.deepEqual(received.take(1e6), []);

  // They are idle for a second since the last request, not since the first id.
  received.add("a");
  clock.tick(900);
  received.add("b");
  clock.tick(900);
  assert.equal(flushes, 1);
  clock.tick(100);
  assert.equal(flushes, 2);
  received.pause();
  received.connected("e1");
  assert.equal(received.size, 2);
  received.connected("e2");
  assert.equal(received.size, 0);
});

test("a bounded number of items waits for one that is missing", async (t) => {
  const clock = await heldClock(t);
  const taken: unknown[] = [];
  const resumed: number[] = [];
  const items = new Items({
    deliver: (item) => taken.push(item),
    resume: (next) => resumed.push(next),
    acknowledge: () => {},
  });
  for (let i = 1; i < 1000; i++) items.receive(i, i);
  assert.deepEqual([taken, resumed], [[], [0]]);
  clock.tick(1000);
  assert.deepEqual(resumed, [0, 0, 0, 0, 0]);
  items.receive(0, 0);
  assert.equal(taken.length, 257, "the others come again");
  let ended = 0;
  items.end(300, () => ended++);
  for (let i = 257; i < 300; i++) items.receive(i, i);
  assert.equal(ended, 1);
  assert.deepEqual(
    taken,
    Array.from({ length: 300 }, (_, i) => i),
  );
  clock.tick(1000);
  assert.equal(resumed.length, 6);
});
