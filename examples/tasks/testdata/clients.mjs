// Says which params the schemas of two generated clients take.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const at = (path) => import(pathToFileURL(join(process.cwd(), path)).href);
const v = await at("node_modules/valibot/dist/index.mjs");
const clients = await Promise.all(["of_go", "of_pydantic"].map((source) => at(`${source}/typescript/dist/validate.js`)));
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(
  JSON.stringify(
    cases.map(({ type, params }) =>
      clients.map((client) => v.safeParse(client[`${type}Schema`], JSON.parse(params)).success),
    ),
  ),
);
