/** What must not reach the log, wherever it stands; and what every line and answer of a request tells. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { createLogger, traceContextOf } from "@airlock/http";
import * as z from "zod";
import { startApp } from "./app-harness.ts";

function collect() {
  const lines: string[] = [];
  const settings = { SERVICE_NAME: "logged", LOG_LEVEL: "info" as const };
  const logger = createLogger(settings, { write: (line) => void lines.push(line) });
  return { logger, text: () => lines.join("") };
}

const SECRETS = {
  authorization: "CANARY",
  cookie: "CANARY",
  password: "CANARY",
  secret: "CANARY",
  token: "CANARY",
  value: "CANARY",
  secretAccessKey: "CANARY",
  sessionToken: "CANARY",
};

test("secret members are left out: of a line, of what a line holds, of a child, of its child", () => {
  const { logger, text } = collect();
  logger.info({ ...SECRETS, kept: 1 }, "line");
  logger.info({ headers: { ...SECRETS, kept: 2 } }, "nested");
  logger.child({ ...SECRETS, kept: 3 }).info("child");
  logger.child({ a: 1 }).child({ b: SECRETS, kept: 4 }).info(SECRETS, "grandchild");
  assert.ok(!text().includes("CANARY"), text());
  for (const kept of [1, 2, 3, 4]) assert.ok(text().includes(`"kept":${kept}`), text());
});

test("of an error its name, message, code, stack and causes are logged, and nothing else", () => {
  const { logger, text } = collect();
  const cause = Object.assign(new Error("inner"), { $response: { headers: "CANARY" } });
  const error = Object.assign(new Error("outer", { cause }), { code: "E1", config: "CANARY" });
  logger.error({ error }, "failed");
  const line = JSON.parse(text());
  assert.deepEqual(Object.keys(line.error).sort(), ["cause", "code", "message", "stack", "type"]);
  assert.equal(line.error.cause.message, "inner");
  assert.ok(!text().includes("CANARY"));
});

test("a session token that AWS repeats in its message is left out, here and in the stack", () => {
  const { logger, text } = collect();
  const signed =
    "host:ssm.example.com\nx-amz-date:20260101T000000Z\nx-amz-security-token:CANARY/+=\n\nhost";
  const cause = new Error(`The Canonical String should have been 'POST\n${signed}'`);
  logger.error({ error: new Error("X-Amz-Security-Token=CANARY&x=1", { cause }) }, "failed");
  assert.ok(!text().includes("CANARY"), text());
  assert.ok(text().includes("x-amz-date:20260101T000000Z"), text());
});

test("what is logged is not changed by being logged", () => {
  const { logger } = collect();
  const fields = { token: "t", nested: { password: "p" } };
  logger.info(fields, "m");
  assert.deepEqual(fields, { token: "t", nested: { password: "p" } });
});

const Body = z.strictObject({ size: z.int().min(1) });

test("a refused request is told what is wrong with it, and its line has the code and its trace", async (t) => {
  const { app, lines } = await startApp(t, (small) => {
    small.post("/sizes", { schema: { body: Body } }, async ({ body }) => body);
  });
  const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const post = async (payload: string) => {
    const headers = { "content-type": "application/json", traceparent: PARENT };
    const { statusCode, body } = await app.inject({
      method: "POST",
      url: "/sizes",
      headers,
      payload,
    });
    return [statusCode, JSON.parse(body).detail];
  };
  const told: [payload: string, detail: string][] = [
    ['{"size":0}', "size: must be at least 1; it was the number 0"],
    ["[]", "body: must be an object; it was a list of 0"],
    ['{"size":1,"color":"x"}', "color: is not known here"],
    ['{"size":\n 1,}', "The body is no JSON: it breaks at line 2, column 4."],
    ['{"size":', "The body is no JSON: it ends too soon."],
    ["hello", "The body is no JSON: it breaks at line 1, column 1."],
    [" ", "The body is empty; JSON is needed here."],
    ['{"__proto__":1}', "The body has a member __proto__ or constructor, which may not be there."],
  ];
  for (const [payload, detail] of told)
    assert.deepEqual(await post(payload), [400, detail], payload);
  const refused = lines.filter(({ msg }) => msg === "request");
  assert.equal(refused.length, told.length);
  for (const { code, trace_id } of refused) {
    assert.deepEqual([code, trace_id], ["bad_request", PARENT.slice(3, 35)]);
  }
});

const traceOf = (headers: Record<string, string>) =>
  traceContextOf({ headers } as unknown as IncomingMessage);

test("a trace goes on as W3C has it: its flags, its state, and nothing that is none", () => {
  const id = "0af7651916cd43dd8448eb211c80319c";
  const parent = `-${id}-b7ad6b7169203331-`;
  const state = "vendor=1,other@x=a b";
  for (const kept of [
    `00${parent}00`,
    `00${parent}03`,
    `00${parent}ff`,
    `01${parent}02`,
    `cc${parent}01-more`,
  ]) {
    const context = traceOf({ traceparent: kept, tracestate: state });
    assert.deepEqual(context, { traceparent: kept, traceId: id, tracestate: state });
  }
  for (const bad of [
    `ff${parent}00`,
    `00${parent}0`,
    `00${parent}00-more`,
    `00${parent}00, 00${parent}00`,
    `00${parent.toUpperCase()}00`,
    `00-${"0".repeat(32)}-b7ad6b7169203331-00`,
    `00-${id}-${"0".repeat(16)}-00`,
  ]) {
    const { traceparent, traceId, tracestate } = traceOf({ traceparent: bad, tracestate: state });
    assert.notEqual(traceId, id, bad);
    assert.equal(tracestate, undefined, bad);
    assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/, "its id is random");
  }
  for (const bad of [
    "a",
    "a=",
    "A=1",
    "a=1=2",
    `a=${"x".repeat(600)}`,
    "a=1;\u0001=2",
    Array(33).fill("a=1").join(),
  ]) {
    const { traceId, tracestate } = traceOf({ traceparent: `00${parent}01`, tracestate: bad });
    assert.deepEqual([traceId, tracestate], [id, undefined], bad);
  }
});
