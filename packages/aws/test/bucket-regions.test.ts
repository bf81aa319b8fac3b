/** Buckets of other regions: found, read and presigned there, also after they have moved. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LOCAL_AWS } from "@airlock/local-aws";
import { PLAIN_FORM, problemOf, type Rig, startReadyRig, startRig, until } from "./harness.ts";
import { bytesOf } from "./s3-harness.ts";

const REGIONS = ["eu-west-1", "us-east-1", "ap-southeast-2"] as const;
const nameIn = (region: string) => `data-${region}`;
const GET = { method: "GET", expiresInSeconds: 60 } as const;

/** A bucket with one object in each region. */
async function threeRegions(t: TestContext, misrouted: "redirect" | "malformed"): Promise<Rig> {
  const rig = await startReadyRig(t);
  for (const region of REGIONS) place(rig, nameIn(region), region, misrouted);
  rig.local.calls.reset();
  return rig;
}

function place(
  { local }: Rig,
  bucket: string,
  region: string,
  misrouted: "redirect" | "malformed" = "redirect",
): void {
  local.buckets.place({ bucket, region, misrouted });
  local.objects.put({ bucket, key: "key", body: `it is in ${region}` });
}

const read = async ({ aws }: Rig, bucket: string) =>
  String(await bytesOf((await aws.objects.open("GET", bucket, "key", {})).body));

const statuses = ({ local }: Rig) => {
  const seen = local.calls.list().map(({ operation, status }) => `${operation} ${status}`);
  local.calls.reset();
  return seen;
};

for (const misrouted of ["redirect", "malformed"] as const) {
  const elsewhere = misrouted === "redirect" ? 301 : 400;

  test(`buckets of three regions are listed, read, asked by HEAD and in ranges (${misrouted})`, async (t) => {
    const rig = await threeRegions(t, misrouted);
    const { objects } = rig.aws;
    for (const region of REGIONS) {
      const bucket = nameIn(region);
      const list = await objects.list(bucket, { prefix: "" });
      assert.deepEqual(
        list.objects.map(({ key }) => key),
        ["key"],
      );
      assert.equal(await read(rig, bucket), `it is in ${region}`);
      const range = await objects.open("GET", bucket, "key", { range: "bytes=0-4" });
      assert.deepEqual([range.status, String(await bytesOf(range.body))], [206, "it is"]);
      const head = await objects.open("HEAD", bucket, "key", {});
      assert.equal(head.headers["content-length"], String(`it is in ${region}`.length));
      const { etag } = head.headers;
      const same = await objects.open("GET", bucket, "key", { ifNoneMatch: etag });
      assert.equal(same.status, 304);
      assert.equal((await objects.versions(bucket, "key", { limit: 10 })).versions.length, 1);
      const missing = await problemOf(objects.open("HEAD", bucket, "nothing", {}));
      assert.equal(missing.code, "object_not_found");
      const first = region === LOCAL_AWS.region ? [] : [`ListObjectsV2 ${elsewhere}`];
      assert.deepEqual(statuses(rig), [
        ...first,
        "ListObjectsV2 200",
        "GetObject 200",
        "GetObject 206",
        "HeadObject 200",
        "HeadObject 200",
        "ListObjectVersions 200",
        "HeadObject 404",
      ]);
    }
  });

  test(`a HEAD that comes first finds the region by the header alone (${misrouted})`, async (t) => {
    const rig = await threeRegions(t, misrouted);
    const bucket = nameIn("us-east-1");
    assert.equal((await rig.aws.objects.open("HEAD", bucket, "key", {})).status, 200);
    assert.deepEqual(statuses(rig), [`HeadObject ${elsewhere}`, "HeadObject 200"]);
  });

  test(`an address is signed for the region of its bucket (${misrouted})`, async (t) => {
    const rig = await threeRegions(t, misrouted);
    for (const region of REGIONS) {
      const bucket = nameIn(region);
      const many = await Promise.all(
        Array.from({ length: 5 }, () => rig.aws.objects.presign(bucket, "key", GET)),
      );
      const asked = region === LOCAL_AWS.region ? 1 : 2;
      assert.equal(statuses(rig).length, asked, "S3 is asked once for all");
      const put = await rig.aws.objects.presign(bucket, "new", { ...GET, method: "PUT" });
      assert.equal((await fetch(put.url, { method: "PUT", body: "new" })).status, 200);
      for (const { url } of many) {
        assert.equal(await (await fetch(url)).text(), `it is in ${region}`);
      }
      assert.equal(statuses(rig).length, 6, "and then no more");
    }
  });

  test(`a bucket that moves is followed, each time (${misrouted})`, async (t) => {
    const rig = await threeRegions(t, misrouted);
    for (const region of ["eu-west-1", "us-east-1", "ap-southeast-2", "eu-west-1"]) {
      place(rig, "moving", region, misrouted);
      assert.equal(await read(rig, "moving"), `it is in ${region}`);
      const { url } = await rig.aws.objects.presign("moving", "key", GET);
      assert.equal(await (await fetch(url)).text(), `it is in ${region}`);
      place(rig, "moving", "ca-central-1", misrouted);
      const late = await fetch(url);
      assert.equal(late.status, elsewhere);
      assert.match(await late.text(), /PermanentRedirect|AuthorizationQueryParametersError/);
    }
    assert.equal(statuses(rig).filter((call) => call === `GetObject ${elsewhere}`).length, 3 + 4);
  });
}

test("the list of buckets tells their regions, and then nobody is sent elsewhere", async (t) => {
  const rig = await threeRegions(t, "redirect");
  const { value } = await rig.aws.buckets.list();
  for (const region of REGIONS) {
    assert.equal(value.find(({ name }) => name === nameIn(region))?.region, region);
    await rig.aws.objects.presign(nameIn(region), "key", GET);
    assert.equal(await read(rig, nameIn(region)), `it is in ${region}`);
  }
  assert.deepEqual(statuses(rig), [
    "ListBuckets 200",
    ...["GetObject 200", "GetObject 200", "GetObject 200"],
  ]);
});

test("where a bucket is, an address asks again after five minutes", async (t) => {
  let passedMs = 0;
  const now = () => performance.now() + passedMs;
  const rig = await startRig(t, PLAIN_FORM, () => {}, { now });
  await until(() => rig.aws.session.isValid());
  place(rig, "moving", "us-east-1");
  await rig.aws.objects.presign("moving", "key", GET);
  place(rig, "moving", "eu-west-1");
  passedMs += 300_000;
  const { url } = await rig.aws.objects.presign("moving", "key", GET);
  assert.equal(await (await fetch(url)).text(), "it is in eu-west-1");
});

test("a role that may not list objects has its addresses in the right region", async (t) => {
  const rig = await threeRegions(t, "malformed");
  rig.local.faults.set([
    {
      kind: "refuse",
      service: "s3",
      operation: "ListObjectsV2",
      code: "AccessDenied",
      status: 403,
    },
  ]);
  const first = await rig.aws.objects.presign(nameIn("eu-west-1"), "key", GET);
  assert.equal((await fetch(first.url)).status, 200);
  await rig.aws.objects.presign(nameIn("eu-west-1"), "key", GET);
  assert.deepEqual(statuses(rig), ["ListObjectsV2 403", "GetObject 200"]);
});

test("while S3 does not say where a bucket is there is no address; where it is gone there is", async (t) => {
  const rig = await threeRegions(t, "redirect");
  rig.local.faults.set([{ kind: "slowDown" }]);
  const problem = await problemOf(rig.aws.objects.presign(nameIn("us-east-1"), "key", GET));
  assert.equal(problem.code, "aws_throttled");
  rig.local.faults.clear();
  const { url } = await rig.aws.objects.presign("nobody-has-it", "key", GET);
  assert.equal((await fetch(url)).status, 404);
});

test("a region that does not know the session is 403, and the session stays as it is", async (t) => {
  const rig = await threeRegions(t, "redirect");
  place(rig, "closed", LOCAL_AWS.closedRegion);
  for (const method of ["GET", "HEAD"] as const) {
    const problem = await problemOf(rig.aws.objects.open(method, "closed", "key", {}));
    assert.equal(problem.code, "access_denied");
  }
  const list = await problemOf(rig.aws.objects.list("closed", { prefix: "" }));
  assert.equal(list.code, "access_denied");
  await sleep(50);
  assert.ok(rig.aws.session.isValid());
  assert.ok(!statuses(rig).some((call) => call.startsWith("AssumeRole")));
});

test("credentials that a region has taken before and takes no more are renewed", async (t) => {
  const rig = await threeRegions(t, "redirect");
  const bucket = nameIn("us-east-1");
  await read(rig, bucket);
  rig.local.sessions.revoke("unknown");
  assert.equal(await read(rig, bucket), "it is in us-east-1");
});

for (const named of ["", "eu-west-1", "evil.example.com/", "us-east-1#", "../x"]) {
  test(`a redirect to ${JSON.stringify(named)} is not followed`, async (t) => {
    const rig = await startReadyRig(t);
    rig.local.objects.put({ bucket: "odd", key: "key", body: "x" });
    const body = `<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message><Region>${named}</Region></Error>`;
    rig.local.faults.set([
      { kind: "answer", service: "s3", status: 400, body, contentType: "application/xml" },
    ]);
    rig.local.calls.reset();
    const problem = await problemOf(rig.aws.objects.open("GET", "odd", "key", {}));
    assert.equal(problem.code, "aws_error");
    assert.equal(statuses(rig).length, 1);
  });
}

test("the region in the body alone is enough", async (t) => {
  const rig = await threeRegions(t, "redirect");
  const body =
    "<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message><Region>us-east-1</Region></Error>";
  rig.local.faults.set([
    { kind: "answer", service: "s3", status: 400, body, contentType: "application/xml", count: 1 },
  ]);
  assert.equal(await read(rig, nameIn("us-east-1")), "it is in us-east-1");
});
