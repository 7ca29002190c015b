import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { WebSocket } from "ws";

import type * as Client from "../src/index.js";
import { TestServer } from "./server.js";

test("a bundle for browsers holds no trace of ws, and works", async (t) => {
  const outfile = resolve(".test/bundle.mjs");
  const { metafile, warnings } = await build({
    entryPoints: ["src/index.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    metafile: true,
    outfile,
  });
  assert.deepEqual(warnings, []);
  const inputs = Object.keys(metafile.inputs);
  assert.deepEqual(
    inputs.filter((input) => input.includes("node_modules/ws/")),
    [],
  );
  assert.ok(inputs.some((input) => input.includes("node_modules/centrifuge/")));

  const { CentrifugoRPCClient } = (await import(pathToFileURL(outfile).href)) as typeof Client;
  const server = await TestServer.start(t);
  const client = new CentrifugoRPCClient(server.ws, await server.token("alice"), undefined, {
    websocket: WebSocket,
  });
  t.after(() => client.disconnect());
  await client.connect();
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
});

test("the README's code compiles", () => {
  const blocks = [...readFileSync("README.md", "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map(
    (match) => match[1]!,
  );
  assert.ok(blocks.length >= 5);
  mkdirSync(".test/readme", { recursive: true });
  blocks.forEach((block, i) => writeFileSync(`.test/readme/block${i}.ts`, block));
  const config = {
    extends: "../../tsconfig.json",
    compilerOptions: {
      noEmit: true,
      types: [],
      noUnusedLocals: false,
      rootDir: "../..",
      paths: { "@centrirpc/client": ["../../src/index.ts"] },
    },
    include: ["*.ts"],
    exclude: [],
  };
  writeFileSync(".test/readme/tsconfig.json", JSON.stringify(config));
  writeFileSync(".test/readme/package.json", '{"type":"module"}');
  try {
    execFileSync("node_modules/.bin/tsc", ["-p", ".test/readme"], { encoding: "utf8" });
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout);
  }
});
