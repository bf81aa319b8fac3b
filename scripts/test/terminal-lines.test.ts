/** What a terminal shows of the log. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { createErrorText } from "../src/start/error-text.ts";
import { createTerminalLines, type LogLine } from "../src/start/terminal-lines.ts";

const TIME = "2026-01-01T00:00:00.000Z";

function shown(lines: readonly LogLine[], isReady = true): string[] {
  const terminal = createTerminalLines();
  if (isReady) terminal.showRequests();
  return lines
    .map((line) => terminal.render({ time: TIME, level: "info", ...line }))
    .filter((text) => text !== undefined)
    .map((text) => stripVTControlCharacters(text).replace(/^\[[\d:.]+\] /, ""));
}

const access = { service: "aux", audit: true, msg: "access", caller: "bob@example.com" };

test("a denial says who, what and by which rule; an allowed read takes no row", () => {
  const read = { ...access, verb: "read", name: "/airlock/prod/key" };
  assert.deepEqual(
    shown([
      { ...read, decision: "allow", rule: "everything" },
      { ...read, decision: "deny", rule: "payments" },
    ]),
    ["INFO: aux denied bob@example.com: read /airlock/prod/key (rule payments)"],
  );
});

test("a list that was kept short says by how much; a whole one takes no row", () => {
  const list = { ...access, verb: "list", name: "/", decision: "filter" };
  assert.deepEqual(shown([{ ...list, allowed: 13, denied: 0 }]), []);
  assert.deepEqual(shown([{ ...list, allowed: 10, denied: 3 }]), [
    "INFO: aux denied bob@example.com: 3 of 13 items of list /",
  ]);
});

test("what jobs has done or refused says what and for whom", () => {
  const audit = { service: "jobs", audit: true, msg: "audit" };
  assert.deepEqual(
    shown([
      { ...audit, event: "login", outcome: "done", username: "alice" },
      { ...audit, event: "login", outcome: "refused", reason: "wrong_role" },
    ]),
    ["INFO: jobs login done alice", 'INFO: jobs login refused {"reason":"wrong_role"}'],
  );
});

test("before a run is ready only itself, warnings and errors have rows", () => {
  const lines = [
    { service: "aux", msg: "listening" },
    { service: "local-aws", operation: "sts.AssumeRole", status: 200, duration_ms: 2 },
    { service: "start", msg: "aux is ready after 0.5 s" },
    { service: "jobs", level: "warn", msg: "jobs is unhealthy" },
  ];
  assert.deepEqual(shown(lines, false), [
    "INFO: aux is ready after 0.5 s",
    "WARN: jobs jobs is unhealthy",
  ]);
  assert.deepEqual(shown(lines.slice(0, 2)), ["INFO: local-aws sts.AssumeRole 200 2 ms"]);
});

test("a request is a row", () => {
  const line = {
    service: "gateway",
    method: "GET",
    path: "/config",
    status: 200,
    duration_ms: 3.1,
  };
  assert.deepEqual(shown([{ ...line, msg: "request" }]), ["INFO: gateway GET /config 200 3.1 ms"]);
});

test("of an error that a service has expected the name and message are shown, without a stack", () => {
  const error = { type: "InvalidAccessKeyId", message: "no such key", stack: "at far away" };
  const [row = ""] = shown([{ service: "aux", level: "warn", msg: "no session", error }]);
  assert.equal(row, 'WARN: aux no session {"reason":"InvalidAccessKeyId: no such key"}');
  assert.match(shown([{ service: "aux", level: "error", msg: "x", error }])[0] ?? "", /far away/);
});

test("what several processes write alike is shown once, and again when one of them repeats it", async () => {
  const lines: string[] = [];
  const errors = createErrorText((line) => lines.push(line));
  for (const name of ["aux", "jobs", "aux"]) {
    const stream = Readable.from([
      "SyntaxError: x\n    at parse (node:internal/x:1:2)\n    at a.ts:1\n",
    ]);
    errors.follow(name, stream);
    await finished(stream);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(lines, [
    "aux: SyntaxError: x",
    "aux:     at a.ts:1",
    "jobs: the same as aux",
    "aux: SyntaxError: x",
    "aux:     at a.ts:1",
  ]);
});
