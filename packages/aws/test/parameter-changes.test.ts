/** Waiting for a parameter to change: one poll for everybody. */
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import type { LocalAws } from "@airlock/local-aws";
import { DeleteParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { until } from "./harness.ts";
import { putMany, readOnes, startParameterRig } from "./parameter-harness.ts";

const LONG = { limitMs: 30_000 } as const;

/** In front of the stand-in: a role that may read but not describe. */
async function startDenying(t: TestContext, local: () => LocalAws): Promise<string> {
  const server = createServer((incoming, answer) => {
    if (incoming.headers["x-amz-target"] === "AmazonSSM.DescribeParameters") {
      answer.statusCode = 400;
      answer.setHeader("content-type", "application/x-amz-json-1.1");
      answer.end('{"__type":"AccessDeniedException"}');
      return;
    }
    const { method, url: path, headers } = incoming;
    const upstream = request({ port: local().port, method, path, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("waiting for a change", { concurrency: true }, () => {
  test("200 clients on 20 names share one call per poll; a change wakes those of its name only", async (t) => {
    const { aws, local, newCalls } = await startParameterRig(t);
    const names = putMany(local, 20);
    const found = readOnes(await aws.parameters.getMany(names));
    const woken: string[] = [];
    const leaving = new AbortController();
    const waits = Array.from({ length: 200 }, async (_, i) => {
      const name = names[i % 20] ?? "";
      const seen = found.get(name)?.value ?? assert.fail(name);
      const options = { ...LONG, signal: leaving.signal };
      if (await aws.parameters.waitForChange(name, seen, options)) woken.push(name);
    });
    await until(() => newCalls("DescribeParameters") === 1);
    assert.deepEqual(woken, []);
    const [name = ""] = names;
    local.parameters.put({ parameters: [{ name, value: "new" }] });
    const changedAt = performance.now();
    await until(() => woken.length === 10);
    const tookMs = performance.now() - changedAt;
    t.diagnostic(`woken ${Math.round(tookMs)} ms after the change`);
    assert.ok(tookMs < 2000, `${tookMs} ms`);
    assert.equal(newCalls("DescribeParameters"), 1);
    assert.deepEqual([...new Set(woken)], [name]);
    const now = await aws.parameters.get(name);
    assert.deepEqual([now.cache, now.value.value], ["miss", "new"], "the old value is not served");
    leaving.abort();
    await Promise.all(waits);
    assert.equal(woken.length, 10);
  });

  test("a client that has an older version is woken by the first poll", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    local.parameters.put({ parameters: [{ name: "my-parameter", value: "new" }] });
    assert.equal(
      await aws.parameters.waitForChange("my-parameter", value, { limitMs: 1000 }),
      true,
    );
  });

  test("nothing changes: false at the end of the time, when the client leaves, and on close", async (t) => {
    const { aws } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    const wait = (options: { limitMs: number; signal?: AbortSignal }) =>
      aws.parameters.waitForChange("my-parameter", value, options);
    const startedAt = performance.now();
    assert.equal(await wait({ limitMs: 100 }), false);
    assert.ok(performance.now() - startedAt >= 95);
    assert.equal(await wait({ ...LONG, signal: AbortSignal.timeout(20) }), false);
    assert.equal(await wait({ ...LONG, signal: AbortSignal.abort() }), false);
    const closed = wait(LONG);
    aws.parameters.close();
    assert.equal(await closed, false);
  });

  test("a deleted parameter has changed", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    const ssm = new SSMClient({
      region: "eu-west-1",
      endpoint: local.url,
      credentials: aws.session.credentials(),
    });
    t.after(() => ssm.destroy());
    await ssm.send(new DeleteParameterCommand({ Name: "my-parameter" }));
    assert.equal(await aws.parameters.waitForChange("my-parameter", value, LONG), true);
  });

  test("a poll that fails, or gives an empty page with a token, shows no change", async (t) => {
    const { aws, local, newCalls } = await startParameterRig(t);
    const { value } = await aws.parameters.get("my-parameter");
    local.faults.set([
      { kind: "emptyPage", count: 1 },
      { kind: "error500", service: "ssm", operation: "DescribeParameters", count: 3 },
    ]);
    const changed = aws.parameters.waitForChange("my-parameter", value, { limitMs: 4000 });
    await until(() => newCalls("DescribeParameters") > 0);
    await until(() => local.faults.list().length === 0);
    const before = await Promise.race([changed, Promise.resolve("waits")]);
    assert.equal(before, "waits");
    local.parameters.put({ parameters: [{ name: "my-parameter", value: "new" }] });
    assert.equal(await changed, true);
  });

  test("a filter that is refused spoils nothing: its names are asked for by halves, or read", async (t) => {
    for (const count of [1, 100]) {
      const { aws, local, newCalls } = await startParameterRig(t);
      const names = putMany(local, 4);
      const found = readOnes(await aws.parameters.getMany(names));
      local.faults.set([
        { kind: "refuse", operation: "DescribeParameters", code: "InvalidFilterValue", count },
      ]);
      local.parameters.put({ count: 4, prefix: "/airlock/many" });
      const woken = await Promise.all(
        names.map((name) => {
          const seen = found.get(name)?.value ?? assert.fail(name);
          return aws.parameters.waitForChange(name, seen, LONG);
        }),
      );
      assert.ok(woken.every(Boolean));
      assert.equal(newCalls("DescribeParameters"), count === 1 ? 3 : 7);
    }
  });

  test("60 names are watched in turns of 50", async (t) => {
    const { aws, local } = await startParameterRig(t);
    const names = putMany(local, 60);
    const found = readOnes(await aws.parameters.getMany(names));
    local.parameters.put({ count: 60, prefix: "/airlock/many" });
    const woken = await Promise.all(
      names.map((name) => {
        const seen = found.get(name)?.value ?? assert.fail(name);
        return aws.parameters.waitForChange(name, seen, LONG);
      }),
    );
    assert.ok(woken.every(Boolean));
    assert.equal(local.calls.counts().byOperation["ssm.DescribeParameters"], 2);
  });

  test("a role that may not describe parameters reads them instead", async (t) => {
    let behind: LocalAws | undefined;
    const line = await startDenying(t, () => behind ?? assert.fail("not yet"));
    const { aws, local } = await startParameterRig(t, { AWS_ENDPOINT_URL_SSM: line });
    behind = local;
    const { value } = await aws.parameters.get("/airlock/dev/database/password");
    const changed = aws.parameters.waitForChange(value.name, value, LONG);
    local.parameters.put({
      parameters: [{ name: value.name, value: "rotated", type: "SecureString" }],
    });
    assert.equal(await changed, true);
    assert.equal((await aws.parameters.get(value.name)).value.value, "rotated");
  });
});
