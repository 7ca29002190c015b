import assert from "node:assert/strict";
import test from "node:test";

import { refusal, serverError } from "../src/rpc-codes.js";
import * as errors from "../src/rpc-errors.js";
import { userIdOfToken } from "../src/rpc-token.js";
import {
  type Request,
  callRequest,
  cancelRequest,
  decodeReply,
  isTraceparent,
  newCorrelationId,
  notifyRequest,
  replyChannel,
  itemsRequest,
  readConnectData,
  receivedRequest,
  resumeRequest,
  sessionFault,
  userIdFault,
} from "../src/rpc-wire.js";
import { vectors } from "./server.js";

interface RequestVector {
  name: string;
  want?: {
    op: string;
    method?: string;
    params: unknown;
    correlation_id: string;
    reply_to?: string;
    timeout_ms?: number;
    seq?: number;
    store?: string;
    received?: string[];
    traceparent?: string;
  };
}

test("requests that this client builds are the ones of the vectors", () => {
  let compared = 0;
  for (const { name, want } of vectors<RequestVector[]>("requests")) {
    if (want === undefined) continue;
    const { received, ...wanted } = want;
    const { op, correlation_id: id, seq, store } = want;
    let built: Request;
    if (op === "call" || op === "notify") {
      wanted.timeout_ms ??= 30_000;
      built =
        op === "call"
          ? callRequest(want.method!, want.params, id, want.reply_to!, wanted.timeout_ms)
          : notifyRequest(want.method!, want.params, id, wanted.timeout_ms);
      if (store !== undefined) built.store = store;
      if (seq !== undefined) built.seq = seq;
      if (isTraceparent(want.traceparent)) built.traceparent = want.traceparent;
    } else if (op === "cancel") {
      built = cancelRequest(id);
    } else if (op === "resume") {
      built = resumeRequest(id, want.reply_to!, seq!);
    } else if (op === "ack" && seq !== undefined) {
      built = itemsRequest(id, seq);
    } else {
      built = receivedRequest(received as [string]);
      assert.ok(received!.includes(built.correlation_id));
      wanted.correlation_id = built.correlation_id;
      delete built.received;
    }
    // What DecodeRequest fills in.
    assert.deepEqual({ op: "call", params: {}, ...built }, wanted, name);
    compared++;
  }
  assert.ok(compared >= 13, `${compared} compared`);
});

interface ReplyVector {
  name: string;
  data: unknown;
  invalid?: boolean;
  final?: boolean;
  result?: unknown;
  error?: unknown;
  seq?: number;
  item?: unknown;
  progress?: unknown;
}

test("replies are read as the vectors say", () => {
  for (const vector of vectors<ReplyVector[]>("replies")) {
    const reply = decodeReply(vector.data);
    if (vector.invalid) {
      assert.equal(reply, undefined, vector.name);
      continue;
    }
    assert.ok(reply, vector.name);
    assert.equal(reply.kind === "reply", vector.final, vector.name);
    assert.equal(reply.kind === "item", "item" in vector, vector.name);
    assert.deepEqual([reply.seq, reply.item, reply.progress], [vector.seq, vector.item, vector.progress]);
    assert.deepEqual(reply.result, vector.result, vector.name);
    assert.deepEqual(reply.error, vector.error, vector.name);
  }
  for (const data of [
    null,
    1,
    "x",
    undefined,
    { correlation_id: 7, result: 1 },
    { correlation_id: "", result: 1 },
  ]) {
    assert.equal(decodeReply(data), undefined, JSON.stringify(data));
  }
  assert.equal(decodeReply({ correlation_id: "c", error: { code: "500" } }), undefined);
});

test("each code has its class", () => {
  const codes = vectors<{ code: number; reason: string; class: string }[]>("codes");
  for (const { code, reason, class: name } of codes) {
    const error = serverError(code, reason, "why", { a: 1 });
    assert.equal(error.constructor, errors[name as keyof typeof errors], name);
    assert.equal(error.name, name);
    assert.ok(error instanceof errors.ServerError && error instanceof errors.RPCError);
    assert.ok(!((error as unknown) instanceof errors.ClientError));
    assert.deepEqual(
      [error.code, error.reason, error.message, error.details],
      [code, reason, "why", { a: 1 }],
    );
  }
  for (const code of [1000, 1999, 418]) {
    const error = serverError(code, "own", "why");
    assert.equal(error.constructor, errors.ServerError);
    assert.equal(error.name, "ServerError");
    assert.equal(error.details, undefined);
  }
});

test("refusals of commands become server errors", () => {
  const rows: [number, new (...args: never[]) => errors.ServerError, number, string][] = [
    [103, errors.PermissionDeniedError, 403, "permission_denied"],
    [403, errors.PermissionDeniedError, 403, "permission_denied"],
    [400, errors.InvalidParamsError, 400, "invalid_params"],
    [111, errors.ResourceExhaustedError, 429, "resource_exhausted"],
    [413, errors.PayloadTooLargeError, 413, "payload_too_large"],
    [503, errors.UnavailableError, 503, "unavailable"],
    [429, errors.ResourceExhaustedError, 429, "resource_exhausted"],
    [520, errors.OutcomeUnknownError, 520, "outcome_unknown"],
    [107, errors.ServerError, 107, "bad_request"],
    [100, errors.ServerError, 100, "internal"],
    [1234, errors.ServerError, 1234, "internal"],
  ];
  for (const [code, Class, wantCode, reason] of rows) {
    const error = refusal(code, "why");
    assert.equal(error.constructor, Class, String(code));
    assert.deepEqual([error.code, error.reason, error.message], [wantCode, reason, "why"]);
  }
});

test("user ids and reply channels follow the vectors", () => {
  const { user_ids, reply_to } = vectors<{
    user_ids: { id: string; ok: boolean }[];
    reply_to: { channel: string; user: string; ok: boolean }[];
  }>("channels");
  for (const { id, ok } of user_ids) {
    assert.equal(userIdFault(id) === undefined, ok, JSON.stringify(id));
  }
  let built = 0;
  for (const { channel, user, ok } of reply_to) {
    const session = /^user\.(.*)#/.exec(channel)?.[1];
    const buildable =
      userIdFault(user) === undefined &&
      (session === undefined || sessionFault(session) === undefined) &&
      replyChannel(user, session) === channel;
    assert.equal(buildable, ok, channel);
    if (buildable) built++;
  }
  assert.equal(built, 4);
});

test("the user id is read from the token", () => {
  for (const vector of vectors<{ name: string; token: string; user_id?: string; error?: boolean }[]>(
    "token_user_ids",
  )) {
    if (vector.error) {
      assert.throws(() => userIdOfToken(vector.token), /user id cannot be read from the token/, vector.name);
    } else {
      assert.equal(userIdOfToken(vector.token) ?? "", vector.user_id, vector.name);
    }
  }
});

test("correlation ids are random UUIDs, without crypto.randomUUID too", (t) => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(newCorrelationId(), uuid);
  const original = crypto.randomUUID;
  t.after(() => Object.defineProperty(crypto, "randomUUID", { value: original, configurable: true }));
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  const ids = new Set(Array.from({ length: 50 }, () => newCorrelationId()));
  for (const id of ids) assert.match(id, uuid);
  assert.equal(ids.size, 50);
});

test("what the server says of itself is read from the connect data, whatever else is in it", () => {
  assert.deepEqual(readConnectData({ centrirpc: { version: 1, max_message_size: 1000, user_id: "ada" } }), {
    maxMessageSize: 1000,
    userId: "ada",
    store: undefined,
  });
  assert.equal(readConnectData({ centrirpc: { store: "e 1~" } }).store, "e 1~");
  for (const store of ["", "x".repeat(65), "é", 7, null])
    assert.equal(readConnectData({ centrirpc: { store } }).store, undefined);
  for (const ours of [undefined, 1, null, {}, { max_message_size: "1", user_id: 7 }, { user_id: "" }]) {
    assert.deepEqual(readConnectData({ centrirpc: ours }), {
      maxMessageSize: undefined,
      userId: undefined,
      store: undefined,
    });
  }
  for (const data of [undefined, null, 3, {}, []]) assert.equal(readConnectData(data).userId, undefined);
});

test("a traceparent is told from what is none", () => {
  const all = vectors<{ traceparent: string; trace_id: string }[]>("traceparents");
  assert.ok(all.length >= 10);
  for (const { traceparent, trace_id: id } of all)
    assert.equal(isTraceparent(traceparent), id !== "", traceparent);
  assert.ok(!isTraceparent(`cc${all[0]!.traceparent.slice(2)}-${"x".repeat(73)}`));
});
