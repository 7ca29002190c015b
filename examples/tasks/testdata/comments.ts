// Calls a method that Go serves and methods that Django serves, with one client.

import WebSocket from "ws";
import { APIClient, CentrifugoRPCClient, InvalidParamsError, ThreadFullError, type Fault } from "../sdk/typescript/index.js";

const [url = "", token = ""] = process.argv.slice(2);
const rpc = new CentrifugoRPCClient(url, token, undefined, { websocket: WebSocket });
const api = new APIClient(rpc);
await rpc.connect();
const { id } = await api.tasksCreate({ title: "Of TypeScript" });
let fields: string[] = [];
let limit = 0;
try {
  await api.commentsAdd({ task_id: id, text: " " });
} catch (error) {
  if (!(error instanceof InvalidParamsError)) throw error;
  fields = (error.details as Fault[]).map(({ field }) => field);
}
for (const text of ["First", "Second"]) await api.commentsAdd({ task_id: id, text });
try {
  await api.commentsAdd({ task_id: id, text: "Third" });
} catch (error) {
  if (!(error instanceof ThreadFullError)) throw error;
  limit = error.details.limit;
}
const { comments } = await api.commentsList({ task_id: id });
rpc.disconnect();
console.log(JSON.stringify({ said: comments.map(({ author, text }) => `${author}: ${text}`), fields, limit }));
