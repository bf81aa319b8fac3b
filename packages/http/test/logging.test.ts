/** What must not reach the log, wherever it stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@airlock/http";

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

test("what is logged is not changed by being logged", () => {
  const { logger } = collect();
  const fields = { token: "t", nested: { password: "p" } };
  logger.info(fields, "m");
  assert.deepEqual(fields, { token: "t", nested: { password: "p" } });
});
