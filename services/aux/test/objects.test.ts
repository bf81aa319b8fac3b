/** Buckets and objects at aux: lists, streams, conditions, addresses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectList, ObjectVersions, PROBLEM_HEADER, Presigned, Problem } from "@airlock/contract";
import { startAux } from "./harness.ts";

const BUCKET = "airlock-data-dev";
const DETAILS = `/s3/objects?bucket=${BUCKET}&key=${encodeURIComponent("reports/2026/details.csv")}`;

async function assertProblem(response: Response, status: number, code: string) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(Problem.parse(JSON.parse(text)).code, code);
}

test("a bucket is listed in pages, with prefixes rolled up", async (t) => {
  const { url, local } = await startAux(t);
  const keys = Array.from({ length: 25 }, (_, n) => `many/${String(n).padStart(2, "0")}`);
  local.objects.put({ bucket: BUCKET, keys });
  const list = async (query: string) => {
    const response = await fetch(`${url}/s3/buckets/${BUCKET}?${query}`);
    return ObjectList.parse(await response.json());
  };
  const top = await list("delimiter=/");
  assert.deepEqual(top.prefixes, ["many/", "reports/"]);
  assert.deepEqual(
    top.objects.map(({ key }) => key),
    ["readme.txt"],
  );
  assert.match(top.objects[0]?.etag ?? "", /^"[0-9a-f]{32}"$/);
  const found: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: ObjectList = await list(`prefix=many/&limit=10${cursor && `&cursor=${cursor}`}`);
    found.push(...page.objects.map(({ key }) => key));
    cursor = page.next_cursor;
  }
  assert.deepEqual(found, keys);
});

test("unknown buckets and keys are 404, names that cannot be are 400", async (t) => {
  const { url } = await startAux(t);
  await assertProblem(await fetch(`${url}/s3/buckets/none-of-ours`), 404, "bucket_not_found");
  await assertProblem(await fetch(`${url}/s3/buckets/No_Bucket`), 400, "invalid_bucket_name");
  const missing = await fetch(`${url}/s3/objects?bucket=${BUCKET}&key=none`);
  await assertProblem(missing, 404, "object_not_found");
  await assertProblem(await fetch(`${url}/s3/objects?bucket=${BUCKET}`), 400, "bad_request");
  for (const [path, code] of [
    [`${url}/s3/objects?bucket=${BUCKET}&key=none`, "object_not_found"],
    [`${url}/s3/versions?bucket=${BUCKET}&key=none`, "object_not_found"],
    [`${url}/s3/objects?bucket=${BUCKET}`, "bad_request"],
  ] as const) {
    const { headers } = await fetch(path, { method: "HEAD" });
    const told = decodeURIComponent(headers.get(PROBLEM_HEADER) ?? "");
    assert.equal(Problem.parse(JSON.parse(told)).code, code);
    assert.equal(headers.get("content-length"), String(Buffer.byteLength(told)));
  }
});

test("an object comes with S3's headers, whole, in part, or not at all", async (t) => {
  const { url } = await startAux(t);
  const whole = await fetch(url + DETAILS);
  const text = await whole.text();
  assert.equal(text, "id,amount\n1,10\n2,32\n");
  assert.match(String(whole.headers.get("content-type")), /^text\/csv/);
  assert.equal(whole.headers.get("content-length"), String(text.length));
  assert.equal(whole.headers.get("accept-ranges"), "bytes");
  const etag = String(whole.headers.get("etag"));
  const modified = String(whole.headers.get("last-modified"));

  const ask = (headers: Record<string, string>, method = "GET") =>
    fetch(url + DETAILS, { headers, method });
  const part = await ask({ range: "bytes=3-8" });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), text.slice(3, 9));
  assert.equal(part.headers.get("content-range"), `bytes 3-8/${text.length}`);
  assert.equal((await ask({ "if-none-match": etag })).status, 304);
  assert.equal((await ask({ "if-modified-since": modified })).status, 304);
  await assertProblem(await ask({ "if-match": '"other"' }), 412, "precondition_failed");
  const beyond = await ask({ range: "bytes=999-" });
  assert.equal(beyond.headers.get("content-range"), `bytes */${text.length}`);
  await assertProblem(beyond, 416, "range_not_satisfiable");
  const head = await ask({}, "HEAD");
  assert.equal(head.headers.get("content-length"), String(text.length));
  assert.equal(await head.text(), "");
});

test("If-Range gives the part of the same object, and the whole of another", async (t) => {
  const { url } = await startAux(t);
  const first = await fetch(url + DETAILS);
  const text = await first.text();
  const etag = String(first.headers.get("etag"));
  const modified = String(first.headers.get("last-modified"));
  for (const [ifRange, status] of [
    [etag, 206],
    [modified, 206],
    ['"other"', 200],
    ["Thu, 01 Jan 2015 00:00:00 GMT", 200],
  ] as const) {
    const headers = { range: "bytes=0-1", "if-range": ifRange };
    const response = await fetch(url + DETAILS, { headers });
    assert.equal(response.status, status, ifRange);
    assert.equal((await response.text()).length, status === 206 ? 2 : text.length);
  }
});

test("a version is read and listed, under the verbs of its key", async (t) => {
  const policy = `version: 1
rules:
  - { id: read, callers: ["*"], verbs: [read], objects: ["*/read/*", "*/both/*"] }
  - { id: list, callers: ["*"], verbs: [list], objects: ["*/list/*", "*/both/*"] }
`;
  const { url, local, lines } = await startAux(t, {}, undefined, { policy });
  for (const key of ["read/x", "list/x", "both/x", "none/x"]) {
    local.objects.put({ bucket: BUCKET, key, body: "one" });
  }
  const ask = (path: string, key: string, more = "") =>
    fetch(`${url}/s3/${path}?bucket=${BUCKET}&key=${encodeURIComponent(key)}${more}`);
  for (const key of ["read/x", "both/x"]) {
    assert.equal(await (await ask("objects", key, "&version=null")).text(), "one");
    await assertProblem(await ask("objects", key, "&version=none"), 404, "object_not_found");
  }
  for (const key of ["list/x", "both/x"]) {
    const listed = ObjectVersions.parse(await (await ask("versions", key)).json());
    assert.deepEqual([listed.key, listed.next_cursor, listed.versions.length], [key, null, 1]);
    assert.deepEqual(Object.keys(listed.versions[0] ?? {}).sort(), [
      ...["deleted", "etag", "last_modified", "latest", "size", "storage_class", "version"],
    ]);
  }
  for (const [path, key] of [
    ["objects", "list/x"],
    ["objects", "none/x"],
    ["versions", "read/x"],
    ["versions", "none/x"],
    ["versions", "both/none"],
  ] as const) {
    await assertProblem(await ask(path, key), 404, "object_not_found");
  }
  await assertProblem(await ask("versions", "both/x", "&cursor=made-up"), 400, "invalid_cursor");
  await assertProblem(await ask("objects", "both/x", "&version=a%20b"), 400, "bad_request");
  const named = lines.filter(({ audit }) => audit === true).map(({ name }) => name);
  assert.ok(named.includes(`s3://${BUCKET}/both/x?version=null`), named.join());
  assert.ok(named.includes(`s3://${BUCKET}/both/x?versions`), named.join());
});

test("policy: no list, no object, no address beyond what is allowed", async (t) => {
  const policy = `version: 1
rules:
  - id: reports
    callers: ["*"]
    verbs: [list, read, presign-get]
    buckets: [airlock-data-dev]
    objects: ["airlock-data-dev/reports/**"]
`;
  const { url, lines } = await startAux(t, {}, undefined, { policy });
  const buckets = (await (await fetch(`${url}/s3/buckets`)).json()) as { count: number };
  assert.equal(buckets.count, 1);
  const list = ObjectList.parse(await (await fetch(`${url}/s3/buckets/${BUCKET}`)).json());
  assert.deepEqual(
    list.objects.map(({ key }) => key),
    ["reports/2026/details.csv", "reports/2026/summary.json"],
  );
  await assertProblem(await fetch(`${url}/s3/buckets/airlock-logs-dev`), 404, "bucket_not_found");
  const readme = `bucket=${BUCKET}&key=readme.txt`;
  await assertProblem(await fetch(`${url}/s3/objects?${readme}`), 404, "object_not_found");
  await assertProblem(await fetch(`${url}/s3/presigned?${readme}`), 404, "object_not_found");
  const details = DETAILS.replace("objects", "presigned");
  await assertProblem(await fetch(`${url}${details}&method=PUT`), 404, "object_not_found");
  const address = Presigned.parse(await (await fetch(url + details)).json());
  assert.equal(await (await fetch(address.url)).text(), "id,amount\n1,10\n2,32\n");
  const denied = lines.filter(({ audit, decision }) => audit === true && decision === "deny");
  assert.deepEqual(
    denied.map(({ verb }) => verb),
    ["list", "read", "presign-get", "presign-put"],
  );
});

test("policy: a list of buckets that shows none does not tell that others have read it", async (t) => {
  const policy = `version: 1
rules:
  - { id: one, callers: ["*"], verbs: [list], buckets: [airlock-data-dev] }
`;
  const { url } = await startAux(t, {}, undefined, { policy });
  for (const [query, count, headers] of [
    ["", 1, ["miss", "0"]],
    ["?prefix=airlock-logs", 0, [null, null]],
    ["?prefix=nothing", 0, [null, null]],
    ["?limit=1", 1, ["hit", "0"]],
  ] as const) {
    const response = await fetch(`${url}/s3/buckets${query}`);
    const body = (await response.json()) as { count: number; next_cursor?: string | null };
    assert.equal(body.count, count);
    assert.ok(!body.next_cursor, query);
    assert.deepEqual(
      [response.headers.get("x-cache"), response.headers.get("age")],
      headers,
      query,
    );
  }
});

test("an address ends with the session at the latest", async (t) => {
  const { url } = await startAux(t, { AWS_ROLE_SESSION_SECONDS: "900" });
  const { aws_session } = (await (await fetch(`${url}/health`)).json()) as {
    aws_session: { expires_at: string };
  };
  const address = Presigned.parse(
    await (
      await fetch(`${url}${DETAILS.replace("objects", "presigned")}&expires_in=604800`)
    ).json(),
  );
  assert.ok(Date.parse(address.expires_at) <= Date.parse(aws_session.expires_at));
  assert.equal(address.method, "GET");
});
