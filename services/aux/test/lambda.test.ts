/** aux as a Lambda: what it answers, for whom, and what it leaves behind when it is stopped at once. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Problem } from "@airlock/contract";
import { ownShare } from "../src/lambda/own-share.ts";
import type { Settings } from "../src/settings.ts";
import { type LambdaRig, startLambda } from "./lambda-rig.ts";

describe("aux as a Lambda", () => {
  let rig: LambdaRig;
  const cleanups: (() => Promise<void>)[] = [];
  before(async () => {
    rig = await startLambda(
      { after: (done) => void cleanups.push(done as () => Promise<void>) },
      { places: 4 },
    );
  });
  after(async () => {
    for (const done of cleanups) await done();
  });

  const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const problemOf = (body: Buffer) => Problem.parse(JSON.parse(String(body)));

  test("a value, with its ETag; 304 for who has it; HEAD without a body", async () => {
    const value = await rig.call("/parameters/my-parameter");
    assert.equal(value.status, 200, String(value.body));
    assert.equal(JSON.parse(String(value.body)).name, "my-parameter");
    const etag = value.headers.etag ?? "";
    const again = await rig.call("/parameters/my-parameter", {
      headers: { "if-none-match": etag },
    });
    assert.equal(`${again.status} ${again.body}`, "304 ");
    const head = await rig.call("/s3/objects?bucket=airlock-data-dev&key=none", { method: "HEAD" });
    assert.equal(`${head.status} ${head.body}`, "404 ");
  });

  test("POST /parameters/batch is buffered, and arrives as it was sent", async () => {
    const body = JSON.stringify({ names: ["my-parameter", "/airlock/dev/database/host"] });
    const headers = { "content-type": "application/json" };
    const batch = await rig.call("/parameters/batch", { method: "POST", body, headers });
    assert.equal(batch.status, 200, String(batch.body));
    assert.equal(JSON.parse(String(batch.body)).parameters.length, 2);
  });

  test("an object of 16 MiB arrives whole, byte for byte, while 4 are read at once", async () => {
    const put = { bucket: "airlock-data-dev", key: "big.bin", size: 16 * 2 ** 20 };
    const { sha256: hash } = rig.local.objects.put(put);
    const path = "/s3/objects?bucket=airlock-data-dev&key=big.bin";
    const small = "/s3/objects?bucket=airlock-data-dev&key=bytes";
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    rig.local.objects.put({
      bucket: "airlock-data-dev",
      key: "bytes",
      body: bytes.toString("latin1"),
    });
    const [whole, ...others] = await Promise.all([
      rig.call(path),
      rig.call(small),
      rig.call(small),
    ]);
    assert.equal(whole?.body.length, 16 * 2 ** 20);
    assert.equal(sha256(whole?.body ?? Buffer.alloc(0)), hash);
    for (const { status } of others) assert.equal(status, 200);
  });

  test("Range, conditions and HEAD of an object go to S3", async () => {
    rig.local.objects.put({ bucket: "airlock-data-dev", key: "a+b /é%2F?#", body: "0123456789" });
    const key = encodeURIComponent("a+b /é%2F?#");
    const path = `/s3/objects?bucket=airlock-data-dev&key=${key}`;
    const part = await rig.call(path, { headers: { range: "bytes=2-4" } });
    assert.equal(
      `${part.status} ${part.body} ${part.headers["content-range"]}`,
      "206 234 bytes 2-4/10",
    );
    const head = await rig.call(path, { method: "HEAD" });
    assert.equal(`${head.status} ${head.headers["content-length"]}`, "200 10");
    const etag = head.headers.etag ?? "";
    assert.equal((await rig.call(path, { headers: { "if-none-match": etag } })).status, 304);
    assert.equal((await rig.call(path, { headers: { "if-match": '"x"' } })).status, 412);
    assert.equal((await rig.call(path, { headers: { range: "bytes=99-" } })).status, 416);
  });

  test("a wait ends with the change, and lasts longer than a buffered answer may", async () => {
    const { headers } = await rig.call("/parameters/my-parameter");
    const options = { headers: { "if-none-match": headers.etag ?? "" } };
    assert.equal((await rig.call("/parameters/my-parameter?wait=1s", options)).status, 304);
  });

  test("the caller is believed where the header is signed, and stands in log and audit", async () => {
    const headers = {
      "x-airlock-caller": "alice",
      "x-airlock-client": "192.0.2.1",
      "x-request-id": "said",
    };
    const answer = await rig.call("/parameters/my-parameter", { headers });
    assert.equal(answer.status, 200, String(answer.body));
    const mine = rig.lines.filter((line) => line.request_id === "said");
    assert.equal(mine.length, 2, "its own line and the audit's, before the answer ended");
    for (const line of mine) assert.equal(line.caller, "alice");
    const own = mine.find((line) => line.msg === "request");
    assert.partialDeepStrictEqual(own, {
      status: 200,
      layer_session: "gateway",
      peer: "192.0.2.1",
    });
  });

  test("an unsigned x-airlock-caller is refused, beside signed headers of ours too", async () => {
    const changed = { headers: { "x-airlock-caller": "mallory" } };
    const alone = await rig.call("/parameters/my-parameter", { changed });
    assert.equal(alone.status, 401);
    assert.equal(problemOf(alone.body).code, "unauthenticated");
    assert.equal(alone.headers["x-amzn-remapped-www-authenticate"], "Airlock-Layer");
    const headers = { "x-airlock-client": "192.0.2.1" };
    const beside = await rig.call("/parameters/my-parameter", { headers, changed });
    assert.equal(beside.status, 401);
    const lied = { path: "/parameters/my-parameter?x-airlock-signed=x-airlock-caller", ...changed };
    assert.equal((await rig.call("/parameters/my-parameter", { changed: lied })).status, 403);
  });

  test("a header in two cases is two headers, and one of them not what was signed", async () => {
    const headers = { "x-airlock-caller": "alice" };
    const changed = { headers: { "X-Airlock-Caller": "mallory" } };
    const answer = await rig.call("/parameters/my-parameter", { headers, changed });
    assert.notEqual(answer.status, 200);
  });

  test("what the adapter's own headers say is not believed", async () => {
    const event = JSON.stringify({ requestContext: { identity: { userArn: "arn:aws:sts::1:x" } } });
    const headers = { "x-apigateway-event": encodeURIComponent(event), "x-request-id": "forged" };
    const answer = await rig.call("/parameters/my-parameter", { headers });
    assert.equal(answer.status, 200);
  });

  test("a path with dot segments is no other path", async () => {
    for (const path of ["/parameters/%2e%2e/health", "/parameters/a/../b"]) {
      const answer = await rig.call(path, { changed: { path } });
      assert.ok([400, 403].includes(answer.status), `${path}: ${answer.status} ${answer.body}`);
    }
  });

  test("large headers arrive, and too large ones are refused as anywhere", async () => {
    const big = { "x-airlock-caller": "a".repeat(255), "x-filler": "f".repeat(8000) };
    assert.equal((await rig.call("/parameters/my-parameter", { headers: big })).status, 200);
  });

  test("an unknown parameter and a malformed name are aux's own problems", async () => {
    const missing = await rig.call("/parameters/nothing-here");
    assert.equal(problemOf(missing.body).code, "parameter_not_found");
    const odd = await rig.call("/parameters/a%252Fb");
    assert.equal(odd.status, 400);
  });

  test("a body that breaks off in mid-stream is not taken for whole", async () => {
    rig.local.objects.put({ bucket: "airlock-data-dev", key: "cut", size: 8 * 2 ** 20 });
    rig.local.faults.set([{ kind: "lose", afterBytes: 1_000_000 }]);
    await assert.rejects(rig.call("/s3/objects?bucket=airlock-data-dev&key=cut"));
    rig.local.faults.clear();
  });

  test("random bytes stay what they are", async () => {
    const body = randomBytes(100_000).toString("latin1");
    rig.local.objects.put({ bucket: "airlock-data-dev", key: "random", body });
    const { body: got } = await rig.call("/s3/objects?bucket=airlock-data-dev&key=random");
    assert.equal(sha256(got), sha256(Buffer.from(body)));
  });

  test("an API that does not stream: bytes stay what they are, and of more than 4.5 MB it says where they are", async (t) => {
    const local = { executeApiLimits: { isStreaming: false } };
    const one = await startLambda(t, { local, env: { RESPONSE_TRANSFER_MODE: "buffered" } });
    const bucket = "airlock-data-dev";
    const { sha256: hash } = one.local.objects.put({ bucket, key: "fits", size: 4_500_000 });
    const fits = await one.call(`/s3/objects?bucket=${bucket}&key=fits`);
    assert.equal(fits.status, 200);
    assert.equal(sha256(fits.body), hash);
    one.local.objects.put({ bucket, key: "large", size: 5 * 2 ** 20 });
    const large = await one.call(`/s3/objects?bucket=${bucket}&key=large`);
    assert.equal(large.status, 413);
    const problem = problemOf(large.body);
    assert.equal(problem.code, "content_too_large");
    assert.match(problem.detail, /\/presigned/);
    const head = await one.call(`/s3/objects?bucket=${bucket}&key=large`, { method: "HEAD" });
    assert.equal(head.status, 200);
  });

  test("who the API lets in, and aux has not among its roles, is somebody else", async (t) => {
    const LAYER_AUTH_ROLES = "arn:aws:iam::444455556666:role/airlock-gateway-role-dev";
    const one = await startLambda(t, { env: { LAYER_AUTH_ROLES } });
    const answer = await one.call("/parameters/my-parameter");
    assert.equal(answer.status, 403);
    assert.equal(problemOf(answer.body).code, "wrong_principal");
    assert.equal(one.local.calls.counts().byOperation["ssm.GetParameters"], undefined);
  });

  test("off believes nobody's name", async (t) => {
    const one = await startLambda(t, { env: { LAYER_AUTH_MODE: "off" } });
    const headers = { "x-airlock-caller": "alice", "x-request-id": "off" };
    assert.equal((await one.call("/parameters/my-parameter", { headers })).status, 200);
    const own = one.lines.find(({ request_id, msg }) => request_id === "off" && msg === "request");
    assert.equal(own?.caller, undefined);
  });

  test("observe lets everybody in, tells what it would refuse, and believes no unsigned name", async (t) => {
    const one = await startLambda(t, { env: { LAYER_AUTH_MODE: "observe" } });
    const changed = { headers: { "x-airlock-caller": "mallory" } };
    const headers = { "x-request-id": "seen" };
    assert.equal((await one.call("/parameters/my-parameter", { headers, changed })).status, 200);
    const own = one.lines.find(({ request_id, msg }) => request_id === "seen" && msg === "request");
    assert.deepEqual([own?.layer_would_refuse, own?.caller], ["unsigned_header", undefined]);
  });

  test("a session that is not there yet is waited for, and one that cannot be had is told at once", async (t) => {
    const one = await startLambda(t, {
      prepare: ({ faults }) =>
        faults.set([{ kind: "slow", service: "sts", delayMs: 200, count: 1 }]),
    });
    assert.equal((await one.call("/parameters/my-parameter")).status, 200);
    const other = await startLambda(t, {
      prepare: ({ faults }) => faults.set([{ kind: "stsDown" }]),
    });
    assert.equal((await other.call("/livez")).status, 200);
    const answer = await other.call("/parameters/my-parameter");
    assert.equal(problemOf(answer.body).code, "credentials_unavailable");
  });

  test("several processes share what one may ask of SSM", () => {
    const settings = { SSM_CALLS_PER_SECOND: 10, SSM_DESCRIBE_CALLS_PER_SECOND: 1 } as Settings;
    const share = ownShare({ ...settings, RESERVED_CONCURRENCY: 20 });
    assert.deepEqual(
      [share.SSM_CALLS_PER_SECOND, share.SSM_DESCRIBE_CALLS_PER_SECOND],
      [0.5, 0.05],
    );
  });
});
