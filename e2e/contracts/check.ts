// Prints how each contract's client finds that it stands to the server.

import * as broken from "./broken/index.js";
import * as current from "./current/index.js";
import * as foreign from "./foreign/index.js";
import * as older from "./older/index.js";

const [url, token] = process.argv.slice(2);
for (const [name, { APIClient, CentrifugoRPCClient }] of Object.entries({ current, older, broken, foreign })) {
  const rpc = new CentrifugoRPCClient(url, token);
  const api = new APIClient(rpc);
  await rpc.connect();
  const found = await api.checkContract();
  console.log(name, found.same, found.compatible, found.serverHash);
  rpc.disconnect();
}
