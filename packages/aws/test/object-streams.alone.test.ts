/** Bodies of objects: in constant memory, ended by whoever leaves, never short without an error. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RegionalS3 } from "../src/bucket-regions.ts";
import { createCaller } from "../src/caller.ts";
import { createClients } from "../src/clients.ts";
import { OpenStreams } from "../src/objects/open-streams.ts";
import { createObjectReader } from "../src/objects/read.ts";
import { PLAIN_FORM, problemOf, readSettings, until } from "./harness.ts";
import { bytesOf, openBuckets, putObject } from "./s3-harness.ts";
import { type S3Line, startLine } from "./s3-line.ts";

const MIB = 1024 * 1024;
const BUCKET = "airlock-streams";

/** A rig whose reader has limits of its own, over a line that can go bad, with one large object. */
async function withLine(
  t: TestContext,
  limits: ConstructorParameters<typeof OpenStreams>[0],
  sizeBytes: number,
) {
  const line = await startLine(t);
  const rig = await openBuckets(t, BUCKET);
  line.to(rig.local.port);
  const object = randomBytes(sizeBytes);
  await putObject(rig, BUCKET, "large", object);
  const settings = readSettings({ ...PLAIN_FORM, AWS_ENDPOINT_URL: line.url });
  const clients = createClients(settings, rig.aws.session);
  t.after(() => clients.close());
  const streams = new OpenStreams(limits);
  const home = settings.AWS_REGION;
  const regions = new RegionalS3({ home, clientIn: clients.s3In, now: () => performance.now() });
  const call = createCaller(rig.aws.session, rig.aws.queues.s3, () => {});
  const open = createObjectReader(regions, call, streams);
  return { ...rig, line, streams, object, open };
}

async function bodyOf(work: Promise<{ readonly body: Readable | null }>): Promise<Readable> {
  const { body } = await work;
  assert.ok(body);
  return body;
}

/** Bytes held in buffers once the garbage is gone. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let held = Number.POSITIVE_INFINITY;
  for (;;) {
    collect();
    await sleep(10); // buffers are freed in the background
    const { arrayBuffers } = process.memoryUsage();
    if (arrayBuffers >= held) return held;
    held = arrayBuffers;
  }
}

/** Waits until nothing moves on the line any more. */
async function stillness(line: S3Line): Promise<void> {
  for (let seen = -1; seen !== line.bytes; await sleep(50)) seen = line.bytes;
}

test("64 MiB go through in constant memory, at the pace of the reader", async (t) => {
  const { open, line, object, streams } = await withLine(t, {}, 64 * MIB);
  const before = await heldBytes();
  const body = await bodyOf(open("GET", BUCKET, "large", {}));
  await stillness(line);
  const stalled = (await heldBytes()) - before;
  const hash = createHash("sha256");
  let most = 0;
  let read = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hash.update(chunk);
    const isSample = Math.floor(read / (16 * MIB)) < Math.floor((read + chunk.length) / (16 * MIB));
    if (isSample) most = Math.max(most, (await heldBytes()) - before);
    read += chunk.length;
  }
  t.diagnostic(`held: ${stalled} bytes while stalled, ${most} at most while read`);
  assert.equal(hash.digest("hex"), createHash("sha256").update(object).digest("hex"));
  assert.ok(line.bytes >= 64 * MIB);
  assert.ok(stalled < 4 * MIB, `${stalled} bytes held for a reader that does not read`);
  assert.ok(most < 4 * MIB, `${most} bytes held while reading`);
  assert.equal(streams.open, 0);
});

test("a client who leaves ends the connection to S3", async (t) => {
  const { open, line, streams } = await withLine(t, {}, 16 * MIB);
  const controller = new AbortController();
  const { signal } = controller;
  const body = await bodyOf(open("GET", BUCKET, "large", {}, { signal }));
  await once(body, "readable");
  assert.equal(line.open, 1);
  const startedAt = performance.now();
  controller.abort();
  await until(() => line.open === 0);
  assert.ok(performance.now() - startedAt < 1000);
  assert.ok(body.destroyed);
  assert.equal(streams.open, 0);
});

test("a body that is destroyed ends the connection to S3", async (t) => {
  const { open, line, streams } = await withLine(t, {}, 16 * MIB);
  const body = await bodyOf(open("GET", BUCKET, "large", {}));
  const startedAt = performance.now();
  body.destroy();
  await until(() => line.open === 0);
  assert.ok(performance.now() - startedAt < 1000);
  assert.equal(streams.open, 0);
});

test("a body that S3 breaks off fails instead of ending short", async (t) => {
  const { open, line, streams } = await withLine(t, {}, 4 * MIB);
  line.breakAfter(MIB, "cut");
  const body = await bodyOf(open("GET", BUCKET, "large", {}));
  await assert.rejects(bytesOf(body), { code: "ECONNRESET" });
  assert.equal(streams.open, 0);
});

test("an S3 that falls silent in the middle is given up", async (t) => {
  const { open, line, streams } = await withLine(t, { idleMs: 200 }, 4 * MIB);
  line.breakAfter(MIB, "silence");
  const body = await bodyOf(open("GET", BUCKET, "large", {}));
  const startedAt = performance.now();
  await assert.rejects(bytesOf(body), { name: "DeadlineExceededError" });
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs >= 200 && tookMs < 5 * 250, `${tookMs} ms`);
  assert.equal(streams.open, 0);
  await until(() => line.open === 0);
});

test("a slow reader is not taken for a silent S3", async (t) => {
  const { open, object } = await withLine(t, { idleMs: 100 }, 8 * MIB);
  const body = await bodyOf(open("GET", BUCKET, "large", {}));
  await sleep(400); // four limits: nothing happens, and nothing could be awaited
  assert.ok((await bytesOf(body)).equals(object));
});

test("streams have a bound of their own, and hold no place among the calls", async (t) => {
  const { open, aws, streams } = await withLine(t, { max: 30 }, 4 * MIB);
  const bodies: Readable[] = [];
  // no more at once than there are places, where a busy machine would have them wait too long
  while (bodies.length < 30) {
    const some = Array.from({ length: 15 }, () => bodyOf(open("GET", BUCKET, "large", {})));
    bodies.push(...(await Promise.all(some)));
  }
  assert.deepEqual([streams.open, aws.queues.s3.running], [30, 0]);
  const problem = await problemOf(open("GET", BUCKET, "large", {}));
  assert.deepEqual([problem.code, problem.headers["retry-after"]], ["overloaded", "1"]);
  assert.equal((await open("HEAD", BUCKET, "large", {})).status, 200);
  const [first] = bodies;
  assert.ok(first);
  first.destroy();
  await once(first, "close");
  assert.ok((await bytesOf(await bodyOf(open("GET", BUCKET, "large", {})))).length > 0);
  for (const body of bodies) body.destroy();
  await until(() => streams.open === 0);
});

test("when all places are taken, what stands still gives way: of who has most, never of who has less", async (t) => {
  const { open, streams } = await withLine(t, { max: 12, stillMs: 1000 }, 4 * MIB);
  const hold = (caller: string) => bodyOf(open("GET", BUCKET, "large", {}, { caller }));
  const few = await hold("few");
  const slow = await Promise.all(Array.from({ length: 11 }, () => hold("slow")));
  for (const body of [few, ...slow]) body.on("error", () => {});
  const early = await problemOf(open("GET", BUCKET, "large", {}, { caller: "polite" }));
  assert.equal(early.code, "overloaded", "nothing has stood still for long enough");
  await sleep(1300); // nobody reads
  const read = await bytesOf(await hold("polite"));
  assert.equal(read.length, 4 * MIB);
  const ended = () => slow.filter(({ destroyed }) => destroyed).length;
  assert.deepEqual([ended(), few.destroyed, streams.open], [1, false, 11]);
  await Promise.all([hold("slow"), hold("slow")]);
  assert.deepEqual([ended(), few.destroyed, streams.open], [2, false, 12]);
  for (const body of [few, ...slow]) body.destroy();
});

test("what is no stream keeps no place: 304, 404", async (t) => {
  const { open, streams } = await withLine(t, { max: 1 }, 10);
  for (let i = 0; i < 3; i++) {
    assert.equal((await open("GET", BUCKET, "large", { ifNoneMatch: "*" })).status, 304);
    assert.equal((await problemOf(open("GET", BUCKET, "none", {}))).code, "object_not_found");
  }
  assert.equal(streams.open, 0);
});

test("an S3 that does not answer is aws_timeout; a client who leaves ends the wait", async (t) => {
  const { open, local, line, streams } = await withLine(t, {}, 10);
  local.faults.set([{ kind: "hang", service: "s3" }]);
  const startedAt = performance.now();
  const late = problemOf(open("GET", BUCKET, "large", {}));
  const controller = new AbortController();
  const left = problemOf(open("GET", BUCKET, "large", {}, { signal: controller.signal }));
  await until(() => line.open === 2);
  controller.abort();
  await left;
  assert.equal(streams.open, 1);
  assert.equal((await late).code, "aws_timeout");
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs > 3000 && tookMs < 4600, `${tookMs} ms`);
  assert.equal(local.calls.counts().byOperation["s3.GetObject"], 3, "two attempts and one");
  assert.equal(streams.open, 0);
});
