/** Buckets and keys: from the bytes of the path to the query at aux, and the way back. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { Problem } from "@airlock/contract";
import { sendRaw } from "../../../packages/http/test/raw-client.ts";
import { get, json, startShared } from "./harness.ts";

const ok = json({ ok: true });
const { upstream, gateway } = await startShared(ok);

/** The target as it is, which no client library would leave it. */
async function getRaw(path: string) {
  const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  const { responses } = await sendRaw(gateway.port, head);
  return responses[0] ?? assert.fail("no answer");
}

const askedAt = () => {
  const { pathname, searchParams } = new URL(upstream.requests.at(-1)?.url ?? "", "http://x");
  return [pathname, searchParams.get("bucket"), searchParams.get("key")];
};

for (const [raw, key] of [
  ["a", "a"],
  ["a/b/c.txt", "a/b/c.txt"],
  ["/k", "/k"],
  ["//", "//"],
  ["a//b/", "a//b/"],
  ["a+b%2Bc", "a+b+c"],
  ["a%20b%25%32%35", "a b%25"],
  ["%252F", "%2F"],
  ["%2F", "/"],
  ["..", ".."],
  ["../../etc/passwd", "../../etc/passwd"],
  ["%2e%2e/x/./y", "../x/./y"],
  ["%2E%2E%2Fx", "../x"],
  ["%D0%BA%d0%bb%D1%8E%D1%87/%F0%9F%94%91", "ключ/🔑"],
  ["%EF%BB%BFbom", "\ufeffbom"],
  ["a%00b%0d%0Ac%7F", "a\0b\r\nc\x7f"],
  ["a;b=c&d,e:f@g!h$i'(j)*", "a;b=c&d,e:f@g!h$i'(j)*"],
  ["a%3Fb%23c%26d%3De", "a?b#c&d=e"],
  ['a\\b^c`d{e}|f"<g>', 'a\\b^c`d{e}|f"<g>'],
  ["e%CC%81%20%C3%A9", "e\u0301 \u00e9"],
  ["x".repeat(1024), "x".repeat(1024)],
  ["%D1%8F".repeat(512), "я".repeat(512)],
] as const) {
  test(`the key ${JSON.stringify(key.slice(0, 40))} arrives exactly`, async () => {
    for (const [door, path] of [
      ["storage", "/s3/objects"],
      ["presigned", "/s3/presigned"],
    ]) {
      const reply = await getRaw(`/${door}/my-bucket/${raw}`);
      assert.equal(reply.status, 200, reply.body);
      assert.deepEqual(askedAt(), [path, "my-bucket", key]);
    }
  });
}

test("any character arrives exactly", async () => {
  for (let code = 1; code < 0x3000; code += code < 0x180 ? 1 : 97) {
    const character = String.fromCharCode(code);
    const key = `a${character}${character}b`;
    const reply = await get(gateway.url, `/storage/my-bucket/${encodeURIComponent(key)}`);
    assert.equal(reply.status, 200, `${code}: ${reply.body}`);
    assert.deepEqual(askedAt(), ["/s3/objects", "my-bucket", key], String(code));
  }
});

test("buckets named like our own paths are buckets", async () => {
  for (const bucket of ["buckets", "objects", "storage", "batch"]) {
    assert.equal((await get(gateway.url, `/storage/${bucket}/buckets`)).status, 200);
    assert.deepEqual(askedAt(), ["/s3/objects", bucket, "buckets"]);
  }
});

for (const [path, upstreamPath] of [
  ["/storage/my-bucket", "/s3/buckets/my-bucket"],
  ["/storage/my-bucket/", "/s3/buckets/my-bucket"],
  ["/storage/%6dy-bucket", "/s3/buckets/my-bucket"],
  ["/storage/buckets", "/s3/buckets/buckets"],
  [
    "/storage/my-bucket?prefix=a%2Fb&delimiter=/&limit=7&cursor=c",
    "/s3/buckets/my-bucket?cursor=c&delimiter=/&limit=7&prefix=a/b",
  ],
  [
    "/presigned/my-bucket/a?method=PUT&expires_in=60",
    "/s3/presigned?bucket=my-bucket&key=a&expires_in=60&method=PUT",
  ],
  [
    "/storage/my-bucket/a+b/?version=3/L4%2Bk",
    "/s3/objects?bucket=my-bucket&key=a%2Bb%2F&version=3/L4%2Bk",
  ],
  ["/storage/my-bucket/a?versions=false", "/s3/objects?bucket=my-bucket&key=a"],
  [
    "/storage/my-bucket/a?versions=true&limit=5&cursor=c",
    "/s3/versions?bucket=my-bucket&key=a&cursor=c&limit=5",
  ],
  ["/presigned/my-bucket/a", "/s3/presigned?bucket=my-bucket&key=a&expires_in=900&method=GET"],
] as const) {
  test(`${path} is ${upstreamPath} at aux`, async () => {
    const reply = await get(gateway.url, path);
    assert.equal(reply.status, 200, reply.body);
    assert.equal(upstream.requests.at(-1)?.url, upstreamPath);
  });
}

for (const [path, code] of [
  ["/storage/my-bucket/%zz", "invalid_object_key"],
  ["/storage/my-bucket/%", "invalid_object_key"],
  ["/storage/my-bucket/a%c0%af", "invalid_object_key"],
  ["/storage/my-bucket/%ed%a0%80", "invalid_object_key"],
  ["/presigned/my-bucket/%ff", "invalid_object_key"],
  ["/presigned/my-bucket/", "invalid_object_key"],
  [`/storage/my-bucket/${"x".repeat(1025)}`, "invalid_object_key"],
  [`/storage/my-bucket/${"%D1%8F".repeat(512)}x`, "invalid_object_key"],
  ["/storage/", "invalid_bucket_name"],
  ["/storage//key", "invalid_bucket_name"],
  ["/storage/a/key", "invalid_bucket_name"],
  ["/storage/UPPER/key", "invalid_bucket_name"],
  ["/storage/my_bucket", "invalid_bucket_name"],
  ["/storage/my..bucket", "invalid_bucket_name"],
  ["/storage/10.0.0.1", "invalid_bucket_name"],
  ["/storage/../key", "invalid_bucket_name"],
  ["/storage/%2e%2e/key", "invalid_bucket_name"],
  ["/storage/my-bucket%2Fkey", "invalid_bucket_name"],
  [`/storage/${"b".repeat(3000)}/key`, "invalid_bucket_name"],
] as const) {
  test(`${path.slice(0, 50)} is 400 ${code}, and nothing goes upstream`, async () => {
    const before = upstream.requests.length;
    const reply = await getRaw(path);
    assert.equal(reply.status, 400, reply.body);
    assert.equal(Problem.parse(JSON.parse(reply.body)).code, code);
    assert.equal(upstream.requests.length, before);
  });
}

for (const query of [
  "version=",
  "version=a+b",
  `version=${"v".repeat(1025)}`,
  "versions=yes",
  "versions=true&version=1",
  "limit=5",
  "versions=false&limit=5",
  "cursor=c",
  "versionId=1",
]) {
  test(`/storage/my-bucket/a?${query.slice(0, 30)} is 400, and nothing goes upstream`, async () => {
    const before = upstream.requests.length;
    const reply = await getRaw(`/storage/my-bucket/a?${query}`);
    assert.equal(reply.status, 400, reply.body);
    assert.equal(upstream.requests.length, before);
  });
}

test("a HEAD of the versions is answered too", async () => {
  const reply = await fetch(`${gateway.url}/storage/my-bucket/a?versions=true`, { method: "HEAD" });
  assert.equal(reply.status, 200);
  assert.match(upstream.requests.at(-1)?.url ?? "", /^\/s3\/versions\?/);
});

test("what must be encoded and is not is 400", async () => {
  for (const path of ["/storage/my-bucket/a#b", "/storage/my-bucket/é", "/storage?prefix=é"]) {
    assert.equal((await getRaw(path)).status, 400, path);
  }
});

test("a path whose prefix is spelt otherwise is not there", async () => {
  for (const path of ["/%73torage/my-bucket/key", "/%63onfig/a", "/presigne%64/my-bucket/a"]) {
    assert.equal((await getRaw(path)).status, 404, path);
  }
});

const S3 = {
  "accept-ranges": "bytes",
  etag: '"e"',
  "last-modified": "Sun, 06 Nov 1994 08:49:37 GMT",
  "content-type": "text/html",
  "cache-control": "max-age=60",
  "content-disposition": 'attachment; filename="a"',
  "x-cache": "bypass",
  expires: "0",
  "x-amz-meta-owner": "me",
  "x-amz-storage-class": "GLACIER_IR",
  "x-amz-version-id": "3/L4+k",
};

test("conditions and ranges reach aux, and what they yield the client", async (t) => {
  t.after(() => {
    upstream.script = ok;
  });
  upstream.script = (_request, response) => {
    response.writeHead(206, { ...S3, "content-range": "bytes 1-3/5", "content-length": "3" });
    response.end("bcd");
  };
  const conditions = {
    range: "bytes=1-3",
    "if-range": '"e"',
    "if-match": '"e"',
    "if-none-match": '"f"',
    "if-modified-since": "Sun, 06 Nov 1994 08:49:37 GMT",
    "if-unmodified-since": "Sun, 06 Nov 1994 08:49:37 GMT",
  };
  const reply = await get(gateway.url, "/storage/my-bucket/a", conditions);
  assert.deepEqual([reply.status, reply.body], [206, "bcd"]);
  const sent = upstream.requests.at(-1)?.headers;
  for (const [name, value] of Object.entries(conditions)) assert.equal(sent?.[name], value);
  for (const [name, value] of Object.entries(S3)) assert.equal(reply.headers[name], value);
  assert.equal(reply.headers["content-range"], "bytes 1-3/5");
});

test("an object cannot run as a page of the gateway", async () => {
  const { headers } = await get(gateway.url, "/storage/my-bucket/page.html");
  assert.match(String(headers["content-security-policy"]), /default-src 'none'.*sandbox/);
  assert.equal(headers["x-content-type-options"], "nosniff");
});

test("304 has an ETag and no length", async (t) => {
  t.after(() => {
    upstream.script = ok;
  });
  upstream.script = (_request, response) => void response.writeHead(304, S3).end();
  const reply = await get(gateway.url, "/storage/my-bucket/a", { "if-none-match": '"e"' });
  assert.equal(reply.status, 304);
  assert.equal(reply.headers.etag, '"e"');
  assert.equal(reply.headers["content-length"], undefined);
});

for (const [status, code, headers] of [
  [404, "object_not_found", {}],
  [412, "precondition_failed", {}],
  [416, "range_not_satisfiable", { "content-range": "bytes */5" }],
  [503, "overloaded", { "retry-after": "1" }],
] as const) {
  test(`${status} of aux is ${status} here, for GET and for HEAD`, async (t) => {
    t.after(() => {
      upstream.script = ok;
    });
    upstream.script = (_request, response) => {
      const type = `urn:airlock:problem:${code}`;
      const problem = { type, title: "t", status, detail: "d", instance: "i", code };
      response.writeHead(status, { "content-type": "application/problem+json", ...headers });
      response.end(JSON.stringify({ ...problem, request_id: "r" }));
    };
    const reply = await get(gateway.url, "/storage/my-bucket/a");
    assert.equal(reply.status, status);
    assert.equal(Problem.parse(JSON.parse(reply.body)).code, code);
    for (const [name, value] of Object.entries(headers)) assert.equal(reply.headers[name], value);
    const head = await fetch(`${gateway.url}/storage/my-bucket/a`, { method: "HEAD" });
    assert.equal(head.status, status);
  });
}

test("HEAD is HEAD at aux, on one connection, with the object's own length", async (t) => {
  t.after(() => {
    upstream.script = ok;
  });
  upstream.script = (_request, response) => {
    response.writeHead(200, { ...S3, "content-length": String(2 ** 40) }).end();
  };
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 3; i++) {
    const length = await new Promise((resolve, reject) => {
      const path = "/storage/my-bucket/a";
      const options = { port: gateway.port, method: "HEAD", path, agent: false } as const;
      request(options, ({ headers }) => resolve(headers["content-length"]))
        .on("error", reject)
        .end();
    });
    assert.equal(length, String(2 ** 40));
    assert.equal(upstream.requests.at(-1)?.method, "HEAD");
    ports.add(upstream.requests.at(-1)?.socket.remotePort);
  }
  assert.equal(ports.size, 1);
});
