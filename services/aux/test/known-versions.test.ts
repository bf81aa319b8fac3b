/** A client of two replicas is never given an older version than the one that it names. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Parameter } from "@airlock/contract";
import { type AuxRig, startAux } from "./harness.ts";

const HOST = "/parameters/airlock/dev/database/host";
const NAME = "/airlock/dev/database/host";
const SECRET = "/aws/reference/secretsmanager/x";

interface Two {
  readonly here: AuxRig;
  readonly there: AuxRig;
  /** Puts the clock of what the second one remembers forward. */
  advance(ms: number): void;
}

/** Two, in front of one account. */
async function startTwo(t: TestContext): Promise<Two> {
  let aheadMs = 0;
  const now = () => performance.now() + aheadMs;
  const here = await startAux(t, {}, (local) =>
    local.parameters.put({ parameters: [{ name: SECRET, value: "old" }] }),
  );
  const env = { AWS_ENDPOINT_URL: here.local.url };
  const there = await startAux(t, env, undefined, { now });
  const advance = (ms: number) => {
    aheadMs += ms;
  };
  return { here, there, advance };
}

const put = ({ local }: AuxRig, value: string, name = NAME) =>
  local.parameters.put({ parameters: [{ name, value }] });

async function ask({ url }: AuxRig, path: string, known?: string, accept = "application/json") {
  // by itself, fetch adds no-cache to a condition
  const plain = { accept, "cache-control": "max-age=0" };
  const headers = { ...plain, ...(known !== undefined && { "if-none-match": known }) };
  const answer = await fetch(url + path, { headers });
  const text = await answer.text();
  const value = text && (accept === "text/plain" ? text : (JSON.parse(text) as Parameter).value);
  const { status } = answer;
  return { status, value, etag: String(answer.headers.get("etag")) };
}

describe("two replicas", { concurrency: true }, () => {
  for (const accept of ["application/json", "text/plain"]) {
    test(`one that remembers the version before asks SSM for whoever has a newer one: ${accept}`, async (t) => {
      const { here, there } = await startTwo(t);
      assert.equal((await ask(there, HOST, undefined, accept)).status, 200);
      put(here, "new");
      const { value, etag } = await ask(here, HOST, undefined, accept);
      assert.equal(value, "new");
      assert.equal((await ask(there, `${HOST}?wait=1s`, etag, accept)).status, 304);
      assert.equal((await ask(there, HOST, etag, accept)).status, 304);
      put(here, "newer");
      const next = await ask(there, `${HOST}?wait=30s`, etag, accept);
      assert.deepEqual([next.status, next.value], [200, "newer"]);
    });
  }

  test("without AWS it answers nothing older, and a client that is behind gets what it remembers", async (t) => {
    const { here, there } = await startTwo(t);
    const oldest = await ask(there, HOST);
    put(here, "new");
    const newest = await ask(here, HOST);
    here.local.faults.set([{ kind: "error500", service: "ssm" }]);
    for (const path of [HOST, `${HOST}?wait=1s`]) {
      const answer = await ask(there, path, newest.etag);
      assert.deepEqual([answer.status, answer.etag], [304, newest.etag]);
      const behind = await ask(here, path, oldest.etag);
      assert.deepEqual([behind.status, behind.value], [200, "new"]);
    }
  });

  test("what SSM has gone back to is told, though an ETag names a later one", async (t) => {
    const { here } = await startTwo(t);
    for (const path of [HOST, `/parameters${SECRET}`]) {
      const { value, etag } = await ask(here, path);
      const later = etag.replace(/-[0-9a-z]+"$/, '-zzzzzzzz"').replace(/^"./, '"_');
      const answer = await ask(here, `${path}?wait=20s`, later);
      assert.deepEqual([answer.status, answer.value], [200, value]);
    }
  });

  test("the ETag of the version before, which has no date, holds for the same bytes", async (t) => {
    const { here, there } = await startTwo(t);
    const { etag } = await ask(here, HOST);
    const undated = etag.replace(/-[0-9a-z]+"$/, '"');
    assert.equal(undated.length, 29);
    assert.equal((await ask(there, HOST, undated)).status, 304);
    put(here, "new");
    assert.equal((await ask(there, `${HOST}?wait=30s`, undated)).value, "new");
  });

  test("a name that was not there is asked for again by whoever has its ETag", async (t) => {
    const { here, there, advance } = await startTwo(t);
    assert.equal((await ask(there, "/parameters/late")).status, 404);
    put(here, "v", "late");
    const { etag } = await ask(here, "/parameters/late");
    advance(1000);
    assert.equal((await ask(there, "/parameters/late", etag)).status, 304);
  });

  test("whoever names versions that nobody has asks SSM once a second at most", async (t) => {
    const { here } = await startTwo(t);
    await ask(here, HOST);
    here.local.calls.reset();
    const startedAt = performance.now();
    const many = Array.from({ length: 100 }, (_, i) => `"${"a".repeat(27)}-zzzz${100 + i}"`);
    for (const answer of await Promise.all(many.map((tag) => ask(here, HOST, tag)))) {
      assert.ok(answer.status < 400);
    }
    const seconds = 1 + Math.ceil((performance.now() - startedAt) / 1000);
    const calls = here.local.calls.counts().byOperation["ssm.GetParameters"] ?? 0;
    assert.ok(calls <= seconds, `${calls} calls`);
  });
});
