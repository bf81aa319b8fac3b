/** Black-box tests of S3 through the gateway: pages, streams, conditions, odd keys, addresses. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { assertProblem, call, callAt, json, type Reply } from "./client.ts";
import { type Given, testGiven } from "./given.ts";

interface Listed {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly storage_class?: string;
}

const ARCHIVES = ["GLACIER", "DEEP_ARCHIVE"];

const pathOf = (bucket: string, key: string) =>
  `${bucket}/${key
    .split("/")
    .map((level) =>
      /^\.\.?$/.test(level) ? level.replaceAll(".", "%2e") : encodeURIComponent(level),
    )
    .join("/")}`;

/** What is told of the object, and not of the request or the connection. */
const ofObject = ({ headers }: Reply) =>
  Object.entries(headers)
    .filter(([name]) => !/^(date|age|connection|keep-alive|traceparent|x-request-id)$/.test(name))
    .toSorted();

async function bucketNames(): Promise<string[]> {
  return ((await json("/storage")).buckets as { name: string }[]).map(({ name }) => name);
}

/** A small object that may be read. */
async function someObject(): Promise<(Listed & { readonly path: string }) | undefined> {
  for (const bucket of await bucketNames()) {
    const page = await call(`/storage/${bucket}?limit=50`);
    if (page.status !== 200) continue;
    const { objects } = JSON.parse(page.text) as { objects: Listed[] };
    const found = objects.find(
      ({ size, storage_class = "" }) =>
        size > 2 && size < 100_000 && !ARCHIVES.includes(storage_class),
    );
    if (found) return { ...found, path: `/storage/${pathOf(bucket, found.key)}` };
  }
  return undefined;
}

const object: Given<Listed & { readonly path: string }> = {
  without: "no bucket has a small object",
  find: someObject,
};
const someBucket: Given<string> = {
  without: "the account has no bucket",
  find: async () => (await bucketNames())[0],
};
const versions: Given<{ readonly path: string; readonly etag: string; readonly listed: Reply }> = {
  without: "there is no small object, or its versions may not be listed",
  async find() {
    const found = await someObject();
    if (!found) return undefined;
    const listed = await call(`${found.path}?versions=true`);
    return listed.status === 403 ? undefined : { ...found, listed };
  },
};
/** A folder of this run alone, in a bucket. */
const uploads: Given<{ readonly bucket: string; readonly prefix: string }> = {
  without: "the policy allows no uploads, or there is no bucket",
  async find() {
    const [name] = await bucketNames();
    if (name === undefined) return undefined;
    const prefix = `airlock-acceptance/${Date.now()}`;
    const { status } = await call(`/presigned/${name}/${prefix}/a?method=PUT`);
    return status === 403 || status === 404 ? undefined : { bucket: name, prefix };
  },
};

test("the pages of the buckets are the buckets", async () => {
  const whole = await bucketNames();
  const paged: string[] = [];
  let cursor: unknown = "";
  do {
    const page = await json(`/storage?limit=2${cursor ? `&cursor=${cursor}` : ""}`);
    paged.push(...(page.buckets as { name: string }[]).map(({ name }) => name));
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(paged, whole);
});

test("unknown buckets and keys are 404, impossible ones 400", async () => {
  const bucket = `airlock-acceptance-${Date.now()}`;
  assertProblem(await call(`/storage/${bucket}`), 404, "bucket_not_found");
  assertProblem(await call("/storage/No_Such"), 400, "invalid_bucket_name");
  assertProblem(await call(`/storage/${bucket}/${"k".repeat(1025)}`), 400, "invalid_object_key");
  assertProblem(await call(`/storage/${bucket}/%ff`), 400, "invalid_object_key");
  const [own] = await bucketNames();
  if (own) assertProblem(await call(`/storage/${own}/none-${Date.now()}`), 404, "object_not_found");
});

await testGiven("an object: whole, a part, by its ETag, by HEAD", object, async (found) => {
  const { path, size, etag } = found;
  const whole = await call(path);
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.etag, etag);
  assert.equal(whole.headers["content-length"], String(size));
  assert.equal(whole.headers["x-content-type-options"], "nosniff");
  assert.match(String(whole.headers["content-security-policy"]), /sandbox/);
  const part = await call(path, "GET", { range: "bytes=1-" });
  assert.equal(part.status, 206);
  assert.equal(part.headers["content-range"], `bytes 1-${size - 1}/${size}`);
  for (const validator of ['"another"', `W/${etag}`, etag.replaceAll('"', ""), "", "yesterday"]) {
    const resumed = await call(path, "GET", { range: "bytes=1-", "if-range": validator });
    assert.equal(resumed.status, 200, `If-Range: ${validator}`);
  }
  for (const validator of [etag, String(whole.headers["last-modified"])]) {
    const resumed = await call(path, "GET", { range: "bytes=1-", "if-range": validator });
    assert.equal(resumed.status, 206, `If-Range: ${validator}`);
  }
  assert.equal((await call(path, "GET", { "if-none-match": etag })).status, 304);
  const mismatch = await call(path, "GET", { "if-match": '"another"' });
  assertProblem(mismatch, 412, "precondition_failed");
  const beyond = await call(path, "GET", { range: `bytes=${size}-` });
  assertProblem(beyond, 416, "range_not_satisfiable");
  assert.equal(beyond.headers["content-range"], `bytes */${size}`);
  const head = await call(path, "HEAD");
  assert.deepEqual([head.status, head.text], [200, ""]);
  assert.deepEqual(ofObject(head), ofObject(whole));
});

await testGiven("conditions and ranges are as in RFC 9110, on any S3", object, async (found) => {
  const { path, size, etag } = found;
  const whole = await call(path);
  const modified = String(whole.headers["last-modified"]);
  const early = new Date(Date.parse(modified) - 60_000).toUTCString();
  const beyond = `bytes=${size}-`;
  for (const [headers, status] of [
    [{ "if-none-match": `W/${etag}` }, 304],
    [{ "if-none-match": `"another", W/${etag}` }, 304],
    [{ "if-none-match": "*", range: beyond }, 304],
    [{ "if-none-match": '"another"', "if-modified-since": modified }, 200],
    [{ "if-none-match": etag, "if-modified-since": early }, 304],
    [{ "if-modified-since": modified }, 304],
    [{ "if-modified-since": "yesterday" }, 200],
    [{ "if-match": etag, "if-unmodified-since": early }, 200],
    [{ "if-match": `W/${etag}` }, 412],
    [{ "if-match": '"another"', "if-none-match": etag }, 412],
    [{ "if-match": '"another"', range: beyond }, 412],
    [{ range: "bytes=1-0" }, 200],
    [{ range: "bytes=0-0,1-1" }, 200],
    [{ range: "bytes=-0" }, 416],
    [{ range: beyond, "if-range": '"another"' }, 200],
    [{ range: beyond, "if-range": etag }, 416],
  ] as const) {
    const hint = JSON.stringify(headers);
    const reply = await call(path, "GET", headers);
    assert.equal(reply.status, status, `${hint}: ${reply.text}`);
    if (status === 200) assert.equal(reply.text, whole.text, hint);
    if (status === 416) assert.equal(reply.headers["content-range"], `bytes */${size}`, hint);
    const head = await call(path, "HEAD", headers);
    assert.equal(head.status, "range" in headers && status === 416 ? 200 : status, `HEAD ${hint}`);
    if (status !== 304) continue;
    for (const name of ["etag", "last-modified", "cache-control"]) {
      assert.equal(reply.headers[name], whole.headers[name], `${name} ${hint}`);
      assert.equal(head.headers[name], whole.headers[name], `${name} HEAD ${hint}`);
    }
  }
});

await testGiven(
  "the pages of a bucket are it, and a slash alone rolls up",
  someBucket,
  async (name) => {
    const of = async (words: string) =>
      (await json(`/storage/${name}?${words}`)) as unknown as {
        objects: Listed[];
        prefixes: string[];
        next_cursor: string | null;
      };
    const whole = await of("limit=7&delimiter=/");
    const paged: string[] = [];
    let cursor = "";
    while (paged.length < whole.objects.length + whole.prefixes.length) {
      const one = await of(`limit=1&delimiter=/${cursor && `&cursor=${cursor}`}`);
      paged.push(...one.objects.map(({ key }) => key), ...one.prefixes);
      cursor = one.next_cursor ?? "";
      if (!cursor) break;
    }
    const names = [...whole.objects.map(({ key }) => key), ...whole.prefixes];
    assert.deepEqual(paged.toSorted(), names.toSorted());
    for (const delimiter of [".", "-", "//", "a"]) {
      assertProblem(await call(`/storage/${name}?delimiter=${delimiter}`), 400, "bad_request");
    }
  },
);

await testGiven("an object has a version that can be read", versions, async (found) => {
  const { path, etag, listed } = found;
  assert.equal(listed.status, 200, listed.text);
  const { versions: all } = JSON.parse(listed.text) as { versions: Version[] };
  const latest = all.find((one) => one.latest);
  assert.equal(latest?.etag, etag);
  const version = encodeURIComponent(latest?.version ?? "");
  assert.equal((await call(`${path}?version=${version}`)).headers.etag, etag);
  assertProblem(await call(`${path}?version=none-${Date.now()}`), 404, "object_not_found");
  assertProblem(await call(`${path}?version=1&versions=true`), 400, "bad_request");
});

interface Version {
  readonly version: string;
  readonly latest: boolean;
  readonly etag?: string;
}

await testGiven(
  "an address works without credentials, and says how long",
  object,
  async (found) => {
    const address = await json(`${found.path.replace("/storage/", "/presigned/")}?expires_in=60`);
    assert.equal(address.method, "GET");
    const leftMs = Date.parse(String(address.expires_at)) - Date.now();
    assert.ok(leftMs > 0 && leftMs < 120_000, String(address.expires_at));
    const direct = await fetch(String(address.url));
    assert.equal(direct.status, 200);
    assert.equal((await direct.arrayBuffer()).byteLength, found.size);
  },
);

const ODD_KEYS = [
  "a+b c%d.txt",
  "airlock-acceptance//double/./..x",
  "ключ/鍵/é",
  "a?b=c&d#e",
  "__proto__",
];

await testGiven(
  "odd keys put at an address are read and listed to the byte",
  uploads,
  async (place) => {
    const { bucket, prefix } = place;
    for (const odd of ODD_KEYS) {
      const key = `${prefix}/${odd}`;
      const path = pathOf(bucket, key);
      const put = await call(`/presigned/${path}?method=PUT`);
      assert.equal(put.status, 200, put.text);
      const bytes = createHash("sha256").update(key).digest("base64");
      const { url } = JSON.parse(put.text) as { url: string };
      const sent = await callAt(url, "PUT", {}, bytes);
      assert.equal(sent.status, 200, `${key}: ${sent.text}`);
      assert.equal((await call(`/storage/${path}`)).text, bytes, key);
    }
    const { objects } = await json(`/storage/${bucket}?prefix=${prefix}/`);
    const listed = (objects as Listed[]).map(({ key }) => key.slice(prefix.length + 1));
    assert.deepEqual(listed.sort(), ODD_KEYS.toSorted());
  },
);
