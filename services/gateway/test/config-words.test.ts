/** The words of queries and bodies: checked here, written anew for aux. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { Problem } from "@airlock/contract";
import { get, json, type Reply, startShared } from "./harness.ts";

const { upstream, gateway } = await startShared(json({ ok: true }));

for (const [path, upstreamPath] of [
  ["/config?type=String&prefix=%2Fa", "/parameters?prefix=/a&type=String"],
  ["/config?prefix=/a&limit=10&cursor=x_-y", "/parameters?cursor=x_-y&limit=10&prefix=/a"],
  ["/config?path=/a/b&recursive=true", "/parameters?path=/a/b&recursive=true"],
  ["/config?path=a&recursive=false&decrypt=true", "/parameters?path=/a"],
  ["/config?path=/&decrypt=false", "/parameters?decrypt=false&path=/"],
  ["/config?name=/a/b&name=c&name=/a/b", "/parameters?name=a/b&name=c"],
  ["/config?name=a%2Fb", "/parameters?name=a/b"],
  ["/config/a?version=3&decrypt=false", "/parameters/a?decrypt=false&version=3"],
  ["/config/a?label=prod", "/parameters/a?label=prod"],
  ["/config/a?wait=30s", "/parameters/a"],
  ["/config/batch", "/parameters/batch"],
  ["/storage?prefix=a+b%2B", "/s3/buckets?prefix=a%20b%2B"],
  ["/storage?limit=5&prefix=x&cursor=abc", "/s3/buckets?cursor=abc&limit=5&prefix=x"],
] as const) {
  test(`${path} is ${upstreamPath} at aux`, async () => {
    const reply = await get(gateway.url, path);
    assert.equal(reply.status, 200, reply.body);
    assert.equal(upstream.requests.at(-1)?.url, upstreamPath);
  });
}

for (const path of [
  "/config?x=1",
  "/config?limit=0",
  "/config?limit=1001",
  "/config?limit=1&limit=2",
  "/config?LIMIT=1",
  "/config?limit",
  "/config?cursor=",
  "/config?type=Secret",
  "/config?prefix=a%20b",
  "/config?prefix=%zz",
  "/config?prefix=%ff",
  "/config?__proto__=1",
  "/config?constructor=1",
  "/config?recursive=true",
  "/config?decrypt=false",
  "/config?path=/a&name=/b",
  "/config?path=/a&prefix=/b",
  "/config?path=a//b",
  "/config?name=",
  "/config?name=/a&name=..",
  `/config?${"name=/a&".repeat(101)}`,
  "/config/a?x=1&y=../..",
  "/config/a?version=0",
  "/config/a?version=1&label=b",
  "/config/a?wait=30",
  "/config/a?wait=61s",
  "/config/a?wait=1s&version=1",
  "/config/a?decrypt=no",
  "/storage?delimiter=/",
  "/storage/my-bucket?x=1",
  "/storage/my-bucket/key?versionId=1",
  "/presigned/my-bucket/key?method=DELETE",
  "/presigned/my-bucket/key?expires_in=0",
  "/presigned/my-bucket/key?expires_in=604801",
]) {
  test(`${path.slice(0, 50)} is 400, and nothing goes upstream`, async () => {
    const before = upstream.requests.length;
    const reply = await get(gateway.url, path);
    assert.equal(reply.status, 400, reply.body);
    assert.equal(Problem.parse(JSON.parse(reply.body)).code, "bad_request");
    assert.equal(upstream.requests.length, before);
  });
}

test("a batch by POST has no words in its query: decrypt there is 400, and not passed over", async () => {
  for (const query of ["decrypt=false", "decrpyt=1", "name=/b"]) {
    const before = upstream.requests.length;
    const reply = await post('{"names":["/a/b"]}', {}, `/config/batch?${query}`);
    assert.equal(reply.status, 400, reply.body);
    assert.equal(upstream.requests.length, before);
  }
});

test("a batch by URL may take 8 KiB; one byte more is 414 and says what to do", async () => {
  const names = Array.from({ length: 8 }, (_, i) => `name=/${String(i).repeat(1000)}/a`).join("&");
  const padded = (length: number) => {
    const path = `/config?${names}&name=`;
    return path + "x".repeat(length - path.length);
  };
  const fits = await get(gateway.url, padded(8192));
  assert.equal(fits.status, 200, fits.body);
  assert.ok((upstream.requests.at(-1)?.url?.length ?? 0) <= 8192 + 16);
  const tooLong = await get(gateway.url, padded(8193));
  assert.equal(tooLong.status, 414);
  assert.match(Problem.parse(JSON.parse(tooLong.body)).detail, /POST \/config\/batch/);
});

test("headers may hold 8 KiB, and what proxies add to them; more than 12 KiB is 431", async () => {
  const token = `Bearer ${"t".repeat(8000)}`;
  const added = {
    "x-forwarded-for": Array.from({ length: 10 }, () => "2001:db8:1:2:3:4:5:6").join(", "),
    "x-amzn-trace-id": `Root=${"1".repeat(500)}`,
    via: "1.1 a, 1.1 b",
    cookie: "c".repeat(1000),
  };
  const fits = await get(gateway.url, "/config", { authorization: token, ...added });
  assert.equal(fits.status, 200, fits.body);
  const more = { authorization: token, x: "y".repeat(4300) };
  assert.equal((await get(gateway.url, "/config", more)).status, 431);
});

function post(
  body: string,
  headers: Record<string, string> = {},
  path = "/config/batch",
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const type = { "content-type": "application/json", ...headers };
    const options = { port: gateway.port, method: "POST", headers: type, agent: false } as const;
    const sent = request({ ...options, path }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
    });
    sent.on("error", reject).end(body);
  });
}

test("POST /config/batch goes on as POST, with its names in canonical form", async (t) => {
  const { script } = upstream;
  t.after(() => {
    upstream.script = script;
  });
  let received = "";
  upstream.script = (incoming, response) => {
    incoming.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
    incoming.on("end", () => script(incoming, response));
  };
  const reply = await post('{ "names": ["/a/b", "c", "a/b"], "decrypt": false }');
  assert.equal(reply.status, 200, reply.body);
  const sent = upstream.requests.at(-1);
  assert.deepEqual([sent?.method, sent?.url], ["POST", "/parameters/batch"]);
  assert.equal(sent?.headers["content-type"], "application/json");
  assert.equal(received, '{"names":["a/b","c"],"decrypt":false}');
});

for (const [name, body, headers, status] of [
  ["text", "names", { "content-type": "text/plain" }, 415],
  ["a form", "names=a", { "content-type": "application/x-www-form-urlencoded" }, 415],
  ["no JSON", "{", {}, 400],
  ["nothing", "", {}, 400],
  ["no names", '{"names":[]}', {}, 400],
  ["an unknown member", '{"names":["a"],"x":1}', {}, 400],
  ["a bad name", '{"names":["a//b"]}', {}, 400],
  ["101 names", JSON.stringify({ names: Array(101).fill("a") }), {}, 400],
  ["64 KiB", JSON.stringify({ names: ["a"] }).padEnd(65_536), {}, 200],
  ["more than 64 KiB", JSON.stringify({ names: ["a"] }).padEnd(65_537), {}, 413],
] as const) {
  test(`a batch of ${name} is ${status}`, async () => {
    const reply = await post(body, headers);
    assert.equal(reply.status, status, reply.body);
    if (status !== 200) assert.equal(Problem.parse(JSON.parse(reply.body)).status, status);
  });
}

test("a batch is a read: it is sent a second time when its connection is reset, and no third time", async (t) => {
  const { script } = upstream;
  t.after(() => {
    upstream.script = script;
  });
  upstream.script = (incoming) => incoming.socket.resetAndDestroy();
  const before = upstream.requests.length;
  assert.equal((await post('{"names":["a"]}')).status, 502);
  assert.equal(upstream.requests.length, before + 2);
});

test("other methods are 405 with Allow", async () => {
  for (const [method, path, allow] of [
    ["DELETE", "/config/batch", "GET, HEAD, POST"],
    ["POST", "/storage/my-bucket", "GET, HEAD"],
    ["PUT", "/storage/my-bucket/a/b", "GET, HEAD"],
    ["POST", "/presigned/my-bucket/a", "GET, HEAD"],
  ] as const) {
    const reply = await fetch(gateway.url + path, { method });
    assert.deepEqual([reply.status, reply.headers.get("allow")], [405, allow], path);
  }
});

test("the documents name every route with its parameters", async () => {
  const { paths } = JSON.parse((await get(gateway.url, "/openapi.json")).body);
  const words = (path: string) =>
    // headers are told once, for all to refer to
    paths[path]?.get?.parameters?.flatMap(({ name }: { name?: string }) => (name ? [name] : []));
  const inStorage = ["version", "versions", "limit", "cursor", "bucket", "key"];
  assert.deepEqual(words("/storage/{bucket}/{key}"), inStorage);
  assert.deepEqual(words("/presigned/{bucket}/{key}"), ["method", "expires_in", "bucket", "key"]);
  assert.deepEqual(words("/config/{name}"), ["version", "label", "decrypt", "wait", "name"]);
  assert.ok(paths["/config/batch"].post.requestBody);
  assert.ok(paths["/storage/{bucket}"] && !paths["/storage/{bucket}/"]);
});
