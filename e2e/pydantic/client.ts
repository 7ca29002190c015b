// Calls methods through the generated TypeScript client: takes {method, params} a line, checks
// the params with the method's schema, and answers with the result.

import { createInterface } from "node:readline";

import { safeParse } from "valibot";

import { APIClient, CentrifugoRPCClient } from "./typescript/index.js";
import { schemas } from "./values.js";

const [, , url = "", token = ""] = process.argv;
const rpc = new CentrifugoRPCClient(url, token);
await rpc.connect();
const api = new APIClient(rpc);

async function call(method: string, text: string): Promise<{ result: string } | { fault: string }> {
  const name = method.replace(/[._]+([a-z0-9])/g, (_, first: string) => first.toUpperCase()) as keyof APIClient;
  const typed = api[name] as unknown as (params: unknown) => Promise<unknown>;
  const params: unknown = JSON.parse(text);
  const schema = schemas[method];
  if (schema === undefined) return { fault: "the method has no schema" };
  const checked = safeParse(schema, params);
  if (!checked.success) return { fault: `the schema refuses the params: ${JSON.stringify(checked.issues)}` };
  try {
    return { result: JSON.stringify(await typed.call(api, params)) };
  } catch (error) {
    return { fault: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { method, params } = JSON.parse(line) as { method: string; params: string };
  process.stdout.write(JSON.stringify(await call(method, params)) + "\n");
}
rpc.disconnect();
