// Starting and stopping: in process, and as a process of its own.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startLocalAws } from "@airlock/local-aws";

const { PATH, NODE_COMPILE_CACHE } = process.env;
const MACHINE = { PATH, NODE_COMPILE_CACHE };

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const children: ChildProcess[] = [];

after(() => {
  for (const child of children) child.kill("SIGKILL");
});

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, ["--conditions=airlock-source", MAIN], {
    env: { ...MACHINE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

async function outcome(env: Record<string, string>) {
  const child = run(env);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, "close");
  return { code, stderr };
}

test("close ends at once although calls are hanging and delayed", async () => {
  const aws = await startLocalAws();
  aws.faults.set([
    { kind: "hang", service: "s3" },
    { kind: "slow", service: "ssm", delayMs: 60_000 },
  ]);
  const hanging = assert.rejects(fetch(aws.url));
  const headers = { "x-amz-target": "AmazonSSM.GetParameter" };
  const delayed = assert.rejects(fetch(aws.url, { method: "POST", headers }));
  const idle = connect(aws.port, "127.0.0.1");
  const idleClosed = once(idle, "close");
  await once(idle, "connect");
  while (aws.calls.counts().total < 2) await new Promise(setImmediate);
  const started = performance.now();
  await aws.close();
  assert.ok(performance.now() - started < 500);
  await Promise.all([hanging, delayed, idleClosed]);
});

test("without the seed nothing is there", async () => {
  const aws = await startLocalAws({ seed: false });
  assert.equal(aws.parameters.put({ parameters: [{ name: "/a", value: "1" }] }), 1);
  aws.reset();
  assert.equal(aws.calls.counts().total, 0);
  await aws.close();
});

test("each answered call is told to the log", async () => {
  const lines: object[] = [];
  const aws = await startLocalAws({ log: ({ durationMs, ...line }) => lines.push(line) });
  await fetch(`${aws.url}/airlock-data-dev/readme.txt`);
  await fetch(`${aws.url}/_control/health`);
  await aws.close();
  assert.deepEqual(lines, [{ service: "s3", operation: "GetObject", status: 403 }]);
});

// Each is a process of its own, so they need not wait for each other.
describe("as a process", { concurrency: 4 }, () => {
  test("it logs JSON lines, serves, and ends with 0 on SIGTERM", async () => {
    const child = run({ PORT: "0" });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? "{}");
    const first = await next();
    assert.equal(first.level, "info");
    assert.equal(first.service, "local-aws");
    assert.ok(!Number.isNaN(Date.parse(first.time)));
    await (await fetch(first.url)).arrayBuffer();
    const call = await next();
    assert.equal(call.operation, "s3.ListBuckets");
    assert.equal(call.status, 403);
    assert.equal(typeof call.duration_ms, "number");
    child.kill("SIGTERM");
    const [code, signal] = await once(child, "exit");
    assert.deepEqual([code, signal], [0, null]);
  });

  test("a taken port is one clear line and exit 1", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const { port } = holder.address() as AddressInfo;
    const { code, stderr } = await outcome({ PORT: String(port) });
    holder.close();
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `local-aws: 127.0.0.1:${port} is taken by another process; set PORT to a free one\n`,
    );
  });

  test("an address other machines can reach is refused unless allowed", async () => {
    const refusal = await outcome({ HOST: "0.0.0.0", PORT: "0" });
    assert.equal(refusal.code, 1);
    assert.match(refusal.stderr, /^local-aws: HOST 0\.0\.0\.0 .*LOCAL_AWS_ALLOW_REMOTE=1.*\n$/);
    const child = run({ HOST: "0.0.0.0", PORT: "0", LOCAL_AWS_ALLOW_REMOTE: "1" });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    assert.match(JSON.parse(line).url, /^http:\/\/0\.0\.0\.0:\d+$/);
  });

  test("a bad setting is one clear line and exit 1", async () => {
    const { code, stderr } = await outcome({ PORT: "http" });
    assert.equal(code, 1);
    assert.match(stderr, /^local-aws: PORT: .*\n$/);
  });
});
