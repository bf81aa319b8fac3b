/** Switches for what goes wrong between a client and its cluster, and the log that knows what was really done. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { FaultInput } from "@airlock/local-kubernetes";
import { start } from "./harness.ts";

const SECRET = (name: string) => ({ metadata: { name }, stringData: { k: "planted" } });
const PATH = "/namespaces/jobs/secrets";

async function withFaults(t: TestContext, ...faults: FaultInput[]) {
  const rig = await start(t, { hasKubelet: false });
  rig.local.faults.set(faults);
  return rig;
}

test("an answer that is lost was carried out, a request that is lost was not", async (t) => {
  const { local, call } = await withFaults(
    t,
    { fault: "lostAnswer", verb: "create", name: "done", count: 1 },
    { fault: "lostRequest", verb: "create", count: 1 },
  );
  await assert.rejects(call("POST", PATH, SECRET("a")));
  assert.equal(local.objects.all("secrets").length, 0);
  assert.deepEqual(local.faults.list(), [
    { fault: "lostAnswer", verb: "create", kind: "*", name: "done", count: 1 },
  ]);
  local.faults.set([{ fault: "lostAnswer", verb: "create", count: 1 }]);
  await assert.rejects(call("POST", PATH, SECRET("b")));
  assert.equal((await call("POST", PATH, SECRET("b"))).status, 409);
  assert.deepEqual(
    local.requests.creations("secrets").map(({ name }) => name),
    ["b"],
  );
  assert.deepEqual(local.requests.counts(), {
    total: 3,
    byOutcome: { "create secrets": 2, "create secrets 409": 1 },
  });
});

test("an answer that is late was carried out at once", async (t) => {
  const { local, call } = await withFaults(t, { fault: "lateAnswer", delayMs: 300 });
  const answer = call("POST", PATH, SECRET("late"));
  const look = async (): Promise<boolean> => local.objects.all("secrets").length === 1;
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(local.requests.list()[0]?.status, null);
  assert.equal((await answer).status, 201);
});

test("refusals come in the server's words", async (t) => {
  const words = 'pods "a" is forbidden: exceeded quota: gpus, requested: …';
  const { call } = await withFaults(
    t,
    { fault: "throttle", count: 1, retryAfterSeconds: 7 },
    { fault: "error", status: 503, count: 1 },
    { fault: "refuse", status: 403, message: words, count: 1 },
  );
  const tries = [];
  for (let count = 0; count < 4; count++) tries.push(await call("GET", PATH));
  assert.deepEqual(
    tries.map(({ status }) => status),
    [429, 503, 403, 200],
  );
  assert.equal(tries[2]?.body.message, words);
});

test("a fault that there is not is refused by name", async (t) => {
  const { local } = await withFaults(t);
  assert.throws(() => local.faults.set([{ fault: "slow" } as FaultInput]), /0\.delayMs/);
  const answer = await fetch(`${local.url}/_control/faults`, {
    method: "PUT",
    body: JSON.stringify({ faults: [{ fault: "gone", how: "never" }] }),
  });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /faults\.0\.how/);
});

test("nothing that was sent is in the log of requests", async (t) => {
  const { local, call } = await withFaults(t);
  await call("POST", PATH, SECRET("hidden"));
  const said = JSON.stringify([local.requests.list(), local.requests.creations()]);
  assert.doesNotMatch(said, /planted|cGxhbnRlZA/);
});

test("who has no token is told nothing, by the API and by the control endpoint", async (t) => {
  const { local } = await start(t, { tokens: ["right"], hasKubelet: false });
  for (const path of ["/api/v1/nodes", "/_control/requests", "/version"]) {
    assert.equal((await fetch(local.url + path)).status, 401, path);
    const headers = { authorization: "Bearer right" };
    assert.equal((await fetch(local.url + path, { headers })).status, 200, path);
  }
  local.tokens.believe(["next"]);
  const headers = { authorization: "Bearer right" };
  assert.equal((await fetch(`${local.url}/version`, { headers })).status, 401);
});
