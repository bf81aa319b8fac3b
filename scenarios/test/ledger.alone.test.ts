/** The ledger finds what is lost, doubled, mixed up or answered out of nowhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Entry, Ledger, reconcile } from "../src/rig/ledger.ts";
import { LogCollector } from "../src/rig/log-collector.ts";

const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  id,
  path: "/config/x",
  startedAtMs: 0,
  status: 200,
  tookMs: 1,
  hasRetryAfter: false,
  isRight: true,
  ...more,
});

function logOf(...lines: readonly object[]): LogCollector {
  const log = new LogCollector();
  for (const line of lines) log.add(`${JSON.stringify({ msg: "request", ...line })}\n`);
  return log;
}

function faultsOf(closed: readonly Entry[], gateway: LogCollector, aux: LogCollector, opened = 0) {
  const ledger = new Ledger();
  for (const { id } of closed) if (!ledger.has(id)) ledger.open(id);
  for (let n = 0; n < opened; n++) ledger.open(`open-${n}`);
  for (const one of closed) ledger.close(one);
  return reconcile(ledger, [gateway], [aux]).faults;
}

const line = (request_id: string, more: object = {}) => ({ request_id, status: 200, ...more });

test("a request that stands everywhere once has no fault, also under another's id", () => {
  const gateway = logOf(line("a"), line("b", { upstream_request_id: "a" }));
  assert.deepEqual(faultsOf([entry("a"), entry("b")], gateway, logOf(line("a"))), []);
});

for (const [what, closed, gatewayLines, auxLines, opened] of [
  ["no outcome", [], [], [], 1],
  ["two outcomes", [entry("a"), entry("a")], [line("a")], [line("a")], 0],
  ["a wrong body", [entry("a", { isRight: false })], [line("a")], [line("a")], 0],
  ["no line at a gateway", [entry("a")], [], [line("a")], 0],
  ["two lines at a gateway", [entry("a")], [line("a"), line("a")], [line("a")], 0],
  ["another status in the log", [entry("a")], [line("a", { status: 504 })], [line("a")], 0],
  ["no line at an aux", [entry("a")], [line("a")], [], 0],
] as const) {
  test(`a request with ${what} is a fault`, () => {
    const faults = faultsOf(closed, logOf(...gatewayLines), logOf(...auxLines), opened);
    assert.equal(faults.length, 1, faults.join("\n"));
  });
}
