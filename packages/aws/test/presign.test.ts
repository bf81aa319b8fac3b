/** Presigned addresses: used without credentials and without the SDK, as curl would. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { PLAIN_FORM, problemOf, startRig, until } from "./harness.ts";
import { bytesOf, openBuckets, putObject } from "./s3-harness.ts";

const BUCKET = "buckets";
const MINUTES_15 = 900;

test("a PUT and then a GET work with nothing but the address", async (t) => {
  const { aws } = await openBuckets(t, BUCKET);
  const options = { expiresInSeconds: MINUTES_15 };
  const put = await aws.objects.presign(BUCKET, "a/new key", { method: "PUT", ...options });
  const body = Buffer.alloc(1024 * 1024, "x");
  for (const headers of [{}, { "content-type": "image/png" }]) {
    const stored = await fetch(put.url, { method: "PUT", body, headers });
    assert.equal(stored.status, 200, await stored.text());
  }
  const get = await aws.objects.presign(BUCKET, "a/new key", { method: "GET", ...options });
  const fetched = await fetch(get.url, { headers: { range: "bytes=0-9" } });
  assert.equal(fetched.status, 206);
  assert.equal(await fetched.text(), "xxxxxxxxxx");
  const { headers } = await aws.objects.open("HEAD", BUCKET, "a/new key", {});
  assert.deepEqual([headers["content-type"], headers["content-length"]], ["image/png", "1048576"]);
});

test("an address is for one method, one key and one host", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  for (const key of ["mine", "other"]) await putObject(rig, BUCKET, key, key);
  const { url } = await rig.aws.objects.presign(BUCKET, "mine", {
    method: "GET",
    expiresInSeconds: MINUTES_15,
  });
  assert.equal((await fetch(url, { method: "PUT", body: "changed" })).status, 403);
  assert.equal((await fetch(url.replace("/mine", "/other"))).status, 403);
  assert.equal(await (await fetch(url)).text(), "mine");
  assert.deepEqual(
    new URL(url).searchParams.get("X-Amz-SignedHeaders"),
    "host",
    "anything else would have to be sent by the client",
  );
});

for (const key of ["a+b c%20%", "/leading", "//x//", "../up/./x", "ünï/漢字🦆", "q?x=1&y#z"]) {
  test(`the address of ${JSON.stringify(key)} is right as it stands`, async (t) => {
    const rig = await openBuckets(t, BUCKET);
    await putObject(rig, BUCKET, key, `body of ${key}`);
    const { url } = await rig.aws.objects.presign(BUCKET, key, {
      method: "GET",
      expiresInSeconds: 60,
    });
    const { origin } = new URL(url);
    // fetch would resolve dot segments, as curl does without --path-as-is
    const body = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(origin);
      const path = url.slice(origin.length);
      request({ hostname, port, path }, (answer) => text(answer).then(resolve, reject))
        .on("error", reject)
        .end();
    });
    assert.equal(body, `body of ${key}`);
    assert.equal(rig.local.calls.list().at(-1)?.resource, `${BUCKET}/${key}`);
  });
}

test("an address ends when it was asked to, and never after the session", async (t) => {
  const { aws } = await openBuckets(t, BUCKET);
  const sessionEnd = aws.session.credentials().expiresAt ?? 0;
  for (const [asked, granted] of [
    [60, 60],
    [604_800, Math.floor(aws.session.secondsLeft())],
  ] as const) {
    const before = Date.now();
    const { url, expiresAt } = await aws.objects.presign(BUCKET, "x", {
      method: "GET",
      expiresInSeconds: asked,
    });
    const words = new URL(url).searchParams;
    const signedAt = Date.parse(
      (words.get("X-Amz-Date") ?? "").replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5"),
    );
    const seconds = Number(words.get("X-Amz-Expires"));
    assert.equal(expiresAt.getTime(), signedAt + seconds * 1000);
    assert.ok(expiresAt.getTime() <= sessionEnd, `${expiresAt.toISOString()} is too late`);
    assert.ok(seconds <= granted && seconds >= granted - 2, `${seconds} s of ${granted} s`);
    assert.ok(signedAt > before - 1000 && signedAt <= Date.now());
  }
});

test("without a session there is no address", async (t) => {
  const { aws } = await startRig(t, PLAIN_FORM, (local) => local.faults.set([{ kind: "stsDown" }]));
  const problem = await problemOf(
    aws.objects.presign(BUCKET, "x", { method: "GET", expiresInSeconds: 60 }),
  );
  assert.equal(problem.code, "credentials_unavailable");
});

test("a clock that is twenty minutes off does not make addresses void", async (t) => {
  const { aws } = await startRig(t, PLAIN_FORM, (local) =>
    local.faults.set([{ kind: "clockSkewSeconds", seconds: 1200 }]),
  );
  await until(() => aws.session.isValid());
  // the clock of S3 is learned from its first answer
  await bytesOf((await aws.objects.open("GET", "airlock-data-dev", "readme.txt", {})).body);
  const { url, expiresAt } = await aws.objects.presign("airlock-data-dev", "readme.txt", {
    method: "GET",
    expiresInSeconds: 60,
  });
  const answer = await fetch(url);
  assert.equal(answer.status, 200, await answer.text());
  assert.ok(Math.abs(expiresAt.getTime() - Date.now() - 1_260_000) < 10_000, `${expiresAt}`);
});
