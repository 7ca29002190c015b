import assert from "node:assert/strict";
import test from "node:test";

import { cutFrame, cuttingFrames } from "../src/rpc-socket.js";
import { byteLength } from "../src/rpc-wire.js";

test("frames are cut between commands, by their size in bytes", () => {
  assert.deepEqual(cutFrame("a\nb\nc", 100), ["a\nb\nc"]);
  assert.deepEqual(cutFrame("aa\nbb\ncc", 6), ["aa\nbb", "cc"]);
  assert.deepEqual(cutFrame("éé\nb", 5), ["éé", "b"]);
  assert.deepEqual(cutFrame("much too long\nb", 5), ["much too long", "b"], "a command is never torn");
  for (const limit of [10, 33, 64, 1000]) {
    const lines = Array.from({ length: 200 }, (_, i) => "é".repeat(i % 5) + i);
    const frames = cutFrame(lines.join("\n"), limit);
    assert.deepEqual(frames.join("\n").split("\n"), lines);
    for (const frame of frames) assert.ok(byteLength(frame) <= limit || !frame.includes("\n"), frame);
  }
});

test("binary frames and sockets that are made by a factory pass through", () => {
  const sent: unknown[] = [];
  const made: unknown[][] = [];
  function Factory(...args: unknown[]): object {
    made.push(args);
    return { send: (data: unknown) => sent.push(data) };
  }
  const Cutting = cuttingFrames(Factory as unknown as Parameters<typeof cuttingFrames>[0], () => 6);
  const socket = new Cutting("ws://x", "protocol");
  new Cutting("ws://y");
  const binary = new Uint8Array(100);
  socket.send(binary);
  socket.send("aa\nbb\ncc");
  assert.deepEqual(sent, [binary, "aa\nbb", "cc"]);
  assert.deepEqual(made, [["ws://x", "protocol"], ["ws://y"]]);
});
