/** The acceptance suite says what it did not run, and a sentence where there is nothing to test. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { judge } from "../src/check-s3/run-tests.ts";
import { freePorts, NODE_COMPILE_CACHE, ROOT, start } from "./harness.ts";

async function accept(env: Record<string, string>) {
  const { PATH = "" } = process.env;
  const suite = spawn(process.execPath, ["acceptance/main.ts"], {
    cwd: ROOT,
    env: { PATH, NODE_COMPILE_CACHE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = Promise.all([text(suite.stdout), text(suite.stderr)]);
  const [code] = await once(suite, "close");
  const [out, err] = await said;
  return { code, out, err };
}

test("where nobody answers it is one sentence", async () => {
  const { GATEWAY_PORT } = await freePorts();
  const { code, out, err } = await accept({ BASE_URL: `http://127.0.0.1:${GATEWAY_PORT}` });
  assert.equal(code, 1);
  assert.match(
    err,
    /^acceptance: nobody answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\..*\n$/,
  );
  assert.equal(out, "");
});

for (const address of ["nowhere", "ftp://example.com", "http://"]) {
  test(`an address such as ${address} is one sentence`, async () => {
    const { code, err } = await accept({ BASE_URL: address });
    assert.equal(code, 1);
    assert.match(err, /^BASE_URL must be an address such as .*\n$/);
  });
}

async function answering(t: TestContext, status: number, body: string): Promise<string> {
  const server = createServer((request, response) => {
    const isRoot = request.url === "/";
    response.writeHead(isRoot ? 200 : status).end(isRoot ? body : "{}");
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("what is no gateway, and one that asks for proof, are one sentence", async (t) => {
  const other = await accept({ BASE_URL: await answering(t, 200, "<h1>hello</h1>") });
  assert.match(other.err, /^acceptance: what answers at \S+ is no gateway: 200 to \/\n$/);
  const locked = await answering(t, 401, '{"type":"public_gateway"}');
  const { code, err } = await accept({ BASE_URL: locked });
  assert.equal(code, 1);
  assert.match(err, /asks its callers for proof/);
});

test("without jobs none of its tests is green: each is told as not run, at the end as well", async (t) => {
  const run = await start(t);
  await run.ready();
  const { code, out, err } = await accept({
    BASE_URL: run.gateway,
    GITHUB_USER_WITH_KEYS: "colleague",
  });
  assert.equal(code, 0, out + err);
  const [report = "", end = ""] = out.split("\nNot run:\n");
  assert.doesNotMatch(report, /✔ (gpu-dev: |jobs: (submit|\/health|availability))/);
  const told = end.trimEnd().split("\n");
  assert.ok(told.length >= 9, end);
  for (const line of told) assert.match(line, /^ {2}\S.*: this gateway has no jobs$/);
  assert.match(report, /ℹ skipped 0/);
  assert.match(report, /ℹ fail 0/);
});

test("on another S3 an exception excuses what fails, and is a fault itself where it is not needed", () => {
  const results = {
    passed: new Set(["holds", "holds by now"]),
    failed: new Set(["cannot", "new fault"]),
    notRun: ["not run: skipped: there is none"],
  };
  const exceptions = { cannot: "why", "holds by now": "why", "of another name": "why" };
  assert.deepEqual(judge(results, exceptions), {
    excepted: ["cannot"],
    faults: [
      "fails: new fault",
      "not run: skipped: there is none",
      "excepted, and passes: holds by now",
      "excepted, and no test: of another name",
    ],
  });
});
