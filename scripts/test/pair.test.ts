/** The running pair, end to end: what the two doors promise together. */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { Parameters } from "@airlock/contract";
import { type Run, start } from "./harness.ts";

const control = (run: Run, method: string, path: string, body?: object) =>
  fetch(`${run.localAws}/_control${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });

async function callsOf(run: Run): Promise<Record<string, number>> {
  const { byOperation } = (await (await control(run, "GET", "/calls")).json()) as {
    byOperation: Record<string, number>;
  };
  return byOperation;
}

test("gateway and aux, started once", async (t) => {
  const run = await start(t);
  await run.ready();

  await t.test("10,000 parameters are listed whole through the gateway", async () => {
    await control(run, "POST", "/parameters", { count: 10_000, prefix: "/airlock/many" });
    const response = await fetch(`${run.gateway}/config`);
    const text = await response.text();
    assert.equal(response.status, 200, text.slice(0, 300));
    const { count, parameters } = Parameters.parse(JSON.parse(text));
    assert.equal(count, 10_013);
    assert.equal(new Set(parameters.map(({ name }) => name)).size, 10_013);
  });

  await t.test("500 readers at once of one parameter cost at most 5 calls to SSM", async (t) => {
    // connections first, so that the requests are really concurrent
    const agent = new Agent({ keepAlive: true, maxSockets: 500 });
    t.after(() => agent.destroy());
    const read = (path: string) =>
      new Promise<number>((resolve, reject) => {
        const outgoing = request(`${run.gateway}${path}`, { agent }, (incoming) => {
          incoming.resume().on("end", () => resolve(incoming.statusCode ?? 0));
        });
        outgoing.on("error", reject).end();
      });
    const all = (path: string) => Promise.all(Array.from({ length: 500 }, () => read(path)));
    await all("/livez");
    // the stand-in answers faster than AWS does; with AWS's latency the readers overlap
    const slow = { kind: "slow", service: "ssm", delayMs: 200 };
    await control(run, "PUT", "/faults", { faults: [slow] });
    await control(run, "DELETE", "/calls");
    assert.deepEqual(new Set(await all("/config/my-parameter")), new Set([200]));
    const calls = (await callsOf(run))["ssm.GetParameters"] ?? 0;
    t.diagnostic(`${calls} calls to SSM for 500 requests`);
    assert.ok(calls >= 1 && calls <= 5, `${calls} calls`);
  });

  await t.test("bad names are refused at the outer door: aux never hears of them", async () => {
    for (const raw of ["%252Fa", "..%2f..%2fs3%2fbuckets", "a%00b", "x:3", "%zz", "a//b"]) {
      const response = await fetch(`${run.gateway}/config/${raw}`, {
        headers: { "x-request-id": "bad-name" },
      });
      assert.equal(response.status, 400, raw);
    }
    await fetch(`${run.gateway}/config/my-parameter`, { headers: { "x-request-id": "good-name" } });
    while (!run.stdout().includes('"request_id":"good-name"')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    run.process.kill("SIGTERM");
    await run.exit();
    const lines = run
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const heard = (id: string) =>
      lines
        .filter((line) => line.request_id === id && line.msg === "request")
        .map((l) => l.service);
    assert.deepEqual(heard("bad-name"), Array(6).fill("gateway"));
    assert.deepEqual(heard("good-name").sort(), ["aux", "gateway"]);
  });
});
