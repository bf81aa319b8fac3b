/** If-Range by RFC 9110 §13.1.5: never a part of one object for the rest of another. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ObjectConditions } from "@airlock/aws";
import { problemOf } from "./harness.ts";
import { bytesOf, openBuckets, putObject, type S3Rig } from "./s3-harness.ts";

const BUCKET = "buckets";
const range = "bytes=2-4";

/** An object, what is known of it, and the same key with other bytes. */
async function openOld(t: TestContext) {
  const rig = await openBuckets(t, BUCKET);
  await putObject(rig, BUCKET, "key", "0123456789");
  const { headers } = await rig.aws.objects.open("HEAD", BUCKET, "key", {});
  const { etag = "", "last-modified": date = "" } = headers;
  return { rig, etag, date };
}

async function read({ aws }: S3Rig, conditions: ObjectConditions) {
  const answer = await aws.objects.open("GET", BUCKET, "key", { range, ...conditions });
  return [answer.status, String(await bytesOf(answer.body))];
}

const later = (date: string, byMs: number) => new Date(Date.parse(date) + byMs).toUTCString();
const PART = [206, "234"];
const WHOLE = [200, "0123456789"];

test("the validator of the object as it is gives the part", async (t) => {
  const { rig, etag, date } = await openOld(t);
  const obsolete = date.replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 $4");
  for (const ifRange of [etag, date, obsolete]) {
    assert.deepEqual(await read(rig, { ifRange }), PART, ifRange);
  }
});

test("every other validator gives the whole: weak, unquoted, empty, unreadable, not the same", async (t) => {
  const { rig, etag, date } = await openOld(t);
  for (const ifRange of [
    `W/${etag}`,
    `w/${etag}`,
    etag.replaceAll('"', ""),
    etag.slice(0, -1),
    "",
    " ",
    "*",
    `${etag}, "other"`,
    `"other", ${etag}`,
    '"other"',
    '""',
    '"\u00e9"',
    "yesterday",
    "2026-11-26T14:00:00Z",
    `${Date.parse(date)}`,
    later(date, -1000),
    later(date, 1000),
    later(date, 3_600_000),
  ]) {
    assert.deepEqual(await read(rig, { ifRange }), WHOLE, JSON.stringify(ifRange));
  }
});

test("a download is never resumed with another object, whatever it is resumed with", async (t) => {
  const { rig, etag, date } = await openOld(t);
  await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
  await putObject(rig, BUCKET, "key", "abcdefghij");
  for (const ifRange of [etag, date, `W/${etag}`, etag.replaceAll('"', ""), "", "nonsense"]) {
    assert.deepEqual(await read(rig, { ifRange }), [200, "abcdefghij"], JSON.stringify(ifRange));
  }
  // shorter than where the download broke off
  await putObject(rig, BUCKET, "key", "a");
  for (const ifRange of [etag, date, "nonsense"]) {
    assert.deepEqual(await read(rig, { ifRange }), [200, "a"], ifRange);
  }
});

test("the other conditions hold beside it, before it", async (t) => {
  const { rig, etag, date } = await openOld(t);
  const early = later(date, -60_000);
  for (const ifRange of [etag, date]) {
    assert.deepEqual(await read(rig, { ifRange, ifMatch: etag }), PART);
    assert.deepEqual(await read(rig, { ifRange, ifMatch: `"other", ${etag}` }), PART);
    assert.deepEqual(await read(rig, { ifRange, ifMatch: "*" }), PART);
    assert.deepEqual(await read(rig, { ifRange, ifUnmodifiedSince: date }), PART);
    for (const failed of [{ ifMatch: '"other"' }, { ifUnmodifiedSince: early }]) {
      assert.equal(
        (await problemOf(read(rig, { ifRange, ...failed }))).code,
        "precondition_failed",
      );
    }
    assert.deepEqual(await read(rig, { ifRange, ifNoneMatch: etag }), [304, ""]);
  }
  assert.deepEqual(await read(rig, { ifRange: '"other"', ifMatch: etag }), WHOLE);
  assert.deepEqual(await read(rig, { ifRange: "W/x", ifNoneMatch: etag }), [304, ""]);
  const beyond = problemOf(read(rig, { ifRange: etag, range: "bytes=10-" }));
  assert.equal((await beyond).code, "range_not_satisfiable");
});

test("without a range that S3 would give it says nothing", async (t) => {
  const { rig } = await openOld(t);
  for (const none of [undefined, "bytes=0-1,3-4", "lines=1-2"]) {
    assert.deepEqual(await read(rig, { ifRange: '"other"', range: none }), WHOLE);
  }
  const head = await rig.aws.objects.open("HEAD", BUCKET, "key", { range, ifRange: '"other"' });
  assert.equal(head.status, 200);
});

test("the usual resumption costs one call", async (t) => {
  const { rig, etag, date } = await openOld(t);
  const callsFor = async (ifRange: string) => {
    rig.local.calls.reset();
    await read(rig, { ifRange });
    return rig.local.calls.counts().total;
  };
  const calls = [
    await callsFor(etag),
    await callsFor('"other"'),
    await callsFor("W/x"),
    await callsFor(date),
  ];
  assert.deepEqual(calls, [1, 2, 1, 1]);
});
