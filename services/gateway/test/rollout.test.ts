/** Who takes the new route, what the rollout file may say, and what is told of a step back. */
import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogger } from "@airlock/http";
import { Choice, positionOf, stepEndMs, stepOf, Tally } from "../src/rollout/choice.ts";
import { Gates } from "../src/rollout/gates.ts";
import { Rollout, type Wish } from "../src/rollout/rollout.ts";
import { followRolloutFile } from "../src/rollout/rollout-file.ts";
import { createRolloutLog } from "../src/rollout/rollout-log.ts";
import type { RouteFailure } from "../src/upstream/upstream.ts";

const FAILED: RouteFailure = { failure: "connect", requestId: "id" };
const client = { address: "192.0.2.7", network: "192.0.2.7" };
const callers = Array.from({ length: 20_000 }, (_, n) => ({ caller: `team-${n}`, client }));

function newOnes(percentage: number, salt = "airlock"): Set<string> {
  const choice = new Choice("caller");
  Object.assign(choice, { percentage, salt });
  return new Set(callers.filter((asker) => choice.isNew(asker)).map(({ caller }) => caller));
}

test("of 20,000 callers as many as asked for take the new route, and growth moves nobody back", () => {
  const [none, ten, half, all] = [0, 10, 50, 100].map((percentage) => newOnes(percentage));
  assert.deepEqual([none?.size, all?.size], [0, callers.length]);
  const shareOf = (some: Set<string> | undefined) => (100 * (some?.size ?? 0)) / callers.length;
  assert.ok(Math.abs(shareOf(ten) - 10) < 2, `${shareOf(ten)} %`);
  assert.ok(Math.abs(shareOf(half) - 50) < 2, `${shareOf(half)} %`);
  assert.ok([...(ten ?? [])].every((caller) => half?.has(caller)));
});

test("every pod draws alike, and another salt draws others", () => {
  // written down: another version of the gateway must draw the same
  assert.equal(positionOf("airlock", "caller team-1").toFixed(6), "76.902435");
  assert.deepEqual(newOnes(10), newOnes(10));
  const others = newOnes(10, "another");
  const both = [...newOnes(10)].filter((caller) => others.has(caller));
  assert.ok(both.length < 400, `${both.length} of 2,000 are the same`);
});

test("who is not known stands where the network does, and never where a caller of that name does", () => {
  const choice = new Choice("caller");
  for (const percentage of [20, 40, 60, 80]) {
    choice.percentage = percentage;
    const isNew = positionOf("", client.network) < percentage;
    assert.equal(choice.isNew({ caller: undefined, client }), isNew);
    assert.equal(choice.isNew({ caller: undefined, client: { ...client, address: "x" } }), isNew);
  }
  assert.notEqual(positionOf("", "caller 192.0.2.7"), positionOf("", "192.0.2.7"));
});

test("by request each is drawn by itself", () => {
  const draws = [0.05, 0.5, 0.099, 0.1];
  const choice = new Choice("request", () => draws.shift() ?? 0);
  choice.percentage = 10;
  const asker = { caller: "one", client };
  assert.deepEqual(
    [1, 2, 3, 4].map(() => choice.isNew(asker)),
    [true, false, true, false],
  );
  assert.deepEqual(choice.taken, { direct: 2, executionApi: 2 });
});

test("a time is counted in the step that it lies in", () => {
  for (const ms of [0, 0.2, 0.25, 1, 12.5, 1000, 60_000, 1e9]) {
    const step = stepOf(ms);
    assert.ok(ms <= stepEndMs(step) || ms > 60_000, `${ms}`);
    assert.ok(step === 0 || ms > stepEndMs(step - 1), `${ms}`);
  }
});

/** Both routes with so many requests that took so long. */
function tallies(newMs: number, oldMs: number): [Tally, Tally] {
  const both: [Tally, Tally] = [new Tally(), new Tally()];
  for (let n = 0; n < 300; n++) {
    both[0].succeeded("value", newMs);
    both[1].succeeded("value", oldMs);
  }
  return both;
}

test("what the longer way costs by itself is not slow, where that is allowed", () => {
  assert.equal(new Gates(0).look(0, ...tallies(15, 5))?.gate, "slow");
  assert.equal(new Gates(20).look(0, ...tallies(15, 5)), undefined);
  assert.equal(new Gates(20).look(0, ...tallies(60, 5))?.gate, "slow");
});

test("times of one kind are not compared with those of another, and some are left out", () => {
  const [fresh, old] = [new Tally(), new Tally()];
  for (let n = 0; n < 300; n++) {
    fresh.succeeded("list", 900);
    fresh.succeeded("wait", 30_000);
    old.succeeded("value", 5);
    old.succeeded("wait", 3);
  }
  assert.equal(new Gates(0).look(0, fresh, old), undefined);
});

test("what was ten minutes ago counts no more", () => {
  const gates = new Gates(0);
  const [fresh, old] = [new Tally(), new Tally()];
  for (let n = 0; n < 9; n++) fresh.failed(FAILED);
  assert.equal(gates.look(0, fresh, old), undefined);
  fresh.failed(FAILED);
  assert.equal(gates.look(601_000, fresh, old), undefined);
  for (let n = 0; n < 9; n++) fresh.failed(FAILED);
  assert.equal(gates.look(606_000, fresh, old)?.gate, "break");
});

function told() {
  const lines: Record<string, unknown>[] = [];
  const settings = { SERVICE_NAME: "gateway", LOG_LEVEL: "info" } as const;
  const logger = createLogger(settings, { write: (line) => void lines.push(JSON.parse(line)) });
  return { logger, lines, events: () => lines.flatMap(({ event }) => event ?? []) };
}

test("a step back is told with its gate, and holds until something else is asked for", () => {
  const { logger, lines, events } = told();
  const listener = createRolloutLog(logger, "caller", () => 0);
  const wish: Wish = { percentage: 50, salt: "s", source: "file" };
  const options = { by: "caller", allowedExtraMs: 0, hasWayBack: true, listener } as const;
  const rollout = new Rollout(wish, { ...options, nowMs: () => 0 });
  for (let n = 0; n < 20; n++) rollout.executionApi.failed(FAILED);
  rollout.look();
  assert.equal(rollout.choice.percentage, 0);
  assert.equal(rollout.verdict?.gate, "break");
  const { gate, percentage, execution_api, direct, level } = lines.at(-1) ?? {};
  assert.deepEqual(
    { gate, percentage, execution_api, direct, level },
    {
      gate: "break",
      percentage: 50,
      execution_api: { requests: 20, failures: 20 },
      direct: { requests: 0, failures: 0 },
      level: "error",
    },
  );
  rollout.look();
  assert.equal(events().filter((event) => event === "execution_api_stepped_back").length, 1);
  rollout.ask({ ...wish, percentage: 10 });
  assert.equal(rollout.choice.percentage, 10);
  assert.equal(rollout.verdict, undefined);
  rollout.look();
  assert.equal(rollout.choice.percentage, 10);
  assert.deepEqual(rollout.failures, { direct: 0, executionApi: 20 });
});

test("without another route nothing steps back", () => {
  const listener = createRolloutLog(told().logger, "caller");
  const options = { by: "caller", allowedExtraMs: 0, hasWayBack: false, listener } as const;
  const rollout = new Rollout({ percentage: 100, salt: "", source: "environment" }, options);
  for (let n = 0; n < 20; n++) rollout.executionApi.failed(FAILED);
  rollout.look();
  assert.equal(rollout.choice.percentage, 100);
});

test("what goes on is told once in half a minute, with how often it was, and no body", () => {
  const { logger, lines, events } = told();
  let nowMs = 0;
  const log = createRolloutLog(logger, "caller", () => nowMs);
  const headers = { "x-amzn-errortype": "AccessDeniedException", "x-amzn-requestid": "r-1" };
  for (let n = 0; n < 50; n++) {
    const requestId = `id-${n}`;
    log.failed({ failure: "answer", status: 403, headers, requestId });
    log.failed({ failure: "connect", requestId });
    log.fellBack({ failure: "connect", requestId });
    log.traffic({ sent: 10, succeeded: 9 });
  }
  const words = [
    "execution_api_invocation_error",
    "execution_api_invocation_failed",
    "fallback_to_lambda_invocation",
    "execution_api_invocation_started",
    "execution_api_invocation_success",
  ];
  assert.deepEqual(events(), words);
  const { status_code, error_type, aws_request_id, request_id } = lines[0] ?? {};
  assert.deepEqual(
    [status_code, error_type, aws_request_id, request_id],
    [403, "AccessDeniedException", "r-1", "id-0"],
  );
  nowMs = 31_000;
  log.failed({ failure: "answer", status: 403, headers, requestId: "id-50" });
  log.traffic({ sent: 10, succeeded: 9 });
  assert.deepEqual(
    lines.slice(words.length).map(({ count }) => count),
    [50, 500, 450],
  );
});

async function writtenFile(t: TestContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), "airlock-rollout-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "rollout.json");
  /** As the kubelet does it: another file in its place. */
  const put = async (next: string) => {
    await writeFile(`${path}.next`, next);
    await rename(`${path}.next`, path);
  };
  await put(text);
  return { path, put };
}

test("the rollout file is followed; what cannot be used leaves the last good one, and is told once", async (t) => {
  const { path, put } = await writtenFile(t, '{"percentage": 10}');
  const { logger, lines } = told();
  const wishes: Wish[] = [];
  const changed = (wish: Wish) => void wishes.push(wish);
  const file = await followRolloutFile(path, { log: logger, hasWayBack: true, changed });
  t.after(() => file.close());
  assert.deepEqual(file.first, { percentage: 10, salt: "airlock", source: "file" });

  for (const [text, fault] of [
    ["{", "it is no JSON"],
    ['{"percentage": "10"}', "percentage: must be a number, 0 to 100"],
    ['{"percentage": 101}', "percentage: must be a number, 0 to 100"],
    ['{"percentage": 5, "percent": 10}', "percent: is not known here"],
    ["{}", "percentage: must be a number, 0 to 100"],
  ] as const) {
    await put(text);
    await file.refresh();
    await file.refresh();
    assert.equal(file.isFresh(), false, text);
    assert.match(String(lines.at(-1)?.fault), new RegExp(fault), text);
  }
  assert.equal(lines.length, 5);
  await rm(path);
  await file.refresh();
  assert.match(String(lines.at(-1)?.fault), /cannot be read \(ENOENT\)/);
  assert.deepEqual(wishes, []);

  await put('{"percentage": 10}'); // anew, but the same
  await file.refresh();
  assert.equal(file.isFresh(), true);
  assert.deepEqual(wishes, []);
  await put('{"percentage": 10, "attempt": 2}');
  await file.refresh();
  await put('{"percentage": 0.5, "salt": "x"}');
  await file.refresh();
  assert.deepEqual(wishes, [
    { percentage: 10, salt: "airlock", source: "file" },
    { percentage: 0.5, salt: "x", source: "file" },
  ]);
});

test("a rollout file that cannot be used to begin with is told by name", async (t) => {
  const { path } = await writtenFile(t, '{"percentage": 50}');
  const options = { log: told().logger, changed() {} };
  await assert.rejects(followRolloutFile(path, { ...options, hasWayBack: false }), {
    name: "RolloutFileError",
    message: `${path} cannot be used: percentage: must be 100, for there is no other route (AUX_SERVICE_URL)`,
  });
  await assert.rejects(followRolloutFile(`${path}.none`, { ...options, hasWayBack: true }), {
    message: `${path}.none cannot be read (ENOENT)`,
  });
});
