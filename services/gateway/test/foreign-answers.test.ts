/** What becomes of answers that neither aux nor jobs has given: those of an older one, a mesh, a proxy, a stranger. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { PROBLEM_HEADER, Problem, problemType } from "@airlock/contract";
import { get, json, type Script, startGateway, startShared } from "./harness.ts";

/** In everything that may not be passed on. */
const CANARY = "CANARY-arn:aws:iam::111122223333";
const { upstream, gateway } = await startShared(json({}));

const HEADERS = {
  location: `http://internal.example.com/${CANARY}`,
  "www-authenticate": `Basic realm="${CANARY}"`,
  "proxy-authenticate": `Basic realm="${CANARY}"`,
  "set-cookie": CANARY,
  server: CANARY,
};
const BODIES = [
  ["text/html", `<h1>${CANARY}</h1>`],
  ["application/json", JSON.stringify({ detail: CANARY })],
  ["application/problem+json", JSON.stringify({ type: "about:blank", detail: CANARY })],
  [
    "application/problem+json",
    JSON.stringify({ type: "https://example.com/e", code: "not_found", detail: CANARY }),
  ],
  ["application/problem+json", JSON.stringify({ code: "not_found", detail: CANARY })],
  ["application/problem+json", `{"type": "urn:airlock:problem:not_found", "code": "${CANARY}"`],
  ["application/problem+json", CANARY.repeat(50_000)],
] as const;

const answering =
  (status: number, type: string | undefined, body: string, more: object = {}): Script =>
  (_request, response) =>
    void response
      .writeHead(status, { ...HEADERS, ...(type && { "content-type": type }), ...more })
      .end(body);

async function problemOf(path: string, headers: Record<string, string> = {}) {
  const reply = await get(gateway.url, path, headers);
  assert.ok(!JSON.stringify([reply.headers, reply.body]).includes("CANARY"), reply.body);
  const problem = Problem.parse(JSON.parse(reply.body));
  assert.equal(problem.status, reply.status);
  assert.equal(reply.headers["content-type"], "application/problem+json; charset=utf-8");
  assert.equal(reply.headers["cache-control"], "no-store");
  return { ...reply, code: problem.code };
}

const ABOUT_GATEWAY = [401, 403, 407, 421];
const PATHS = ["/config/a", "/config", "/storage/my-bucket/a"];

test("a 4xx that is no problem of ours keeps its status, but for those that speak of the gateway", async () => {
  for (let status = 400; status < 500; status++) {
    const [type, body] = BODIES[status % BODIES.length] ?? ["", ""];
    upstream.script = answering(status, type, body);
    for (const path of PATHS) {
      const problem = await problemOf(path);
      const expected = ABOUT_GATEWAY.includes(status)
        ? [502, "upstream_protocol_error"]
        : [status, "upstream_rejected"];
      assert.deepEqual([problem.status, problem.code], expected, `${status} ${path} ${type}`);
    }
  }
});

test("whatever the body, none of it is passed on", async () => {
  for (const [type, body] of [...BODIES, [undefined, CANARY], [undefined, ""]] as const) {
    for (const [status, expected] of [
      [404, "404 upstream_rejected"],
      [401, "502 upstream_protocol_error"],
      [500, "502 upstream_protocol_error"],
      [503, "503 upstream_unavailable"],
      [504, "504 upstream_timeout"],
    ] as const) {
      upstream.script = answering(status, type, body);
      const problem = await problemOf("/config/a");
      assert.equal(`${problem.status} ${problem.code}`, expected, `${type} ${body.slice(0, 50)}`);
    }
  }
});

test("of a stranger's headers those pass that the status needs", async () => {
  const headers = {
    allow: "POST",
    "retry-after": "7",
    "content-range": "bytes */5",
  };
  for (const [status, kept] of [
    [405, ["allow"]],
    [413, ["retry-after"]],
    [416, ["content-range"]],
    [429, ["retry-after"]],
    [404, []],
  ] as const) {
    upstream.script = answering(status, "text/plain", CANARY, headers);
    const reply = await problemOf("/storage/my-bucket/a");
    for (const [name, value] of Object.entries(headers)) {
      const isKept = (kept as readonly string[]).includes(name);
      assert.equal(reply.headers[name], isKept ? value : undefined, `${status} ${name}`);
    }
  }
  upstream.script = answering(405, "text/plain", CANARY);
  assert.equal((await problemOf("/config/a")).headers.allow, "");
});

test("text is passed on to who asks for it, and only as aux gives it", async () => {
  const text = { accept: "text/plain" };
  upstream.script = answering(200, "text/plain; charset=utf-8", "a value", { etag: '"1"' });
  for (const accept of [text.accept, "TEXT/Plain", "*/*, application/json;q=0.5"]) {
    const { status, headers, body } = await get(gateway.url, "/config/a", { accept });
    assert.deepEqual(
      [status, headers["content-type"], body],
      [200, "text/plain; charset=utf-8", "a value"],
    );
  }
  assert.equal((await problemOf("/config/a")).code, "upstream_protocol_error");
  upstream.script = answering(200, "text/plain", CANARY);
  assert.equal((await problemOf("/config/a", text)).code, "upstream_protocol_error");
});

test("HEAD gets the status", async () => {
  for (const [status, expected] of [
    [404, 404],
    [403, 502],
    [204, 502],
    [302, 502],
  ] as const) {
    upstream.script = answering(status, "text/html", "");
    for (const path of PATHS) {
      const answer = await fetch(gateway.url + path, { method: "HEAD", redirect: "manual" });
      assert.equal(answer.status, expected, `${status} ${path}`);
      assert.equal(answer.headers.get("location"), null);
    }
  }
});

test("HEAD of what aux refuses says what GET says: its code, and the length of its body", async () => {
  const code = "object_not_found";
  const text = JSON.stringify({
    type: problemType(code),
    code,
    detail: "There is no \u201cx\u201d.",
  });
  upstream.script = (request, response) => {
    const isHead = request.method === "HEAD";
    response.setHeader("content-type", "application/problem+json; charset=utf-8");
    if (isHead) response.setHeader(PROBLEM_HEADER, encodeURIComponent(text));
    response.writeHead(404).end(isHead ? undefined : text);
  };
  const [got, head] = await Promise.all(
    ["GET", "HEAD"].map((method) => fetch(`${gateway.url}/storage/my-bucket/a`, { method })),
  );
  assert.deepEqual([got?.status, head?.status], [404, 404]);
  assert.equal(Problem.parse(await got?.json()).code, "object_not_found");
  const lengthOf = (answer: Response | undefined) => answer?.headers.get("content-length");
  assert.equal(lengthOf(head), lengthOf(got));
  assert.equal(head?.headers.get(PROBLEM_HEADER), null);
});

test("neither a redirect nor an empty or a partial answer, nor one that is no JSON, is what was asked for", async () => {
  const page = ["text/html", `<h1>${CANARY}</h1>`] as const;
  for (const status of [300, 301, 302, 303, 305, 307, 308, 399]) {
    upstream.script = answering(status, ...page);
    for (const path of PATHS)
      assert.equal((await problemOf(path)).status, 502, `${status} ${path}`);
  }
  for (const status of [203, 204, 205, 206, 207, 226, 299]) {
    const isEmpty = status === 204;
    upstream.script = answering(status, isEmpty ? undefined : page[0], isEmpty ? "" : page[1]);
    for (const path of PATHS)
      assert.equal((await problemOf(path)).status, 502, `${status} ${path}`);
  }
  upstream.script = answering(200, ...page);
  assert.equal((await problemOf("/config/a")).status, 502);
  assert.equal((await problemOf("/config")).status, 502);
});

test("JSON is JSON in any case and with any parameters", async () => {
  for (const type of [
    "application/json",
    "Application/JSON;charset=UTF-8",
    "application/json ; x=y",
  ]) {
    upstream.script = answering(200, type, "{}");
    assert.equal((await get(gateway.url, "/config/a")).status, 200, type);
  }
});

test("304 and 206 are for those who asked for them", async () => {
  upstream.script = (_request, response) => void response.writeHead(304, { etag: '"e"' }).end();
  for (const path of PATHS) {
    assert.equal((await problemOf(path)).status, 502, path);
    const known = await get(gateway.url, path, { "if-none-match": '"e"' });
    assert.equal(known.status, 304, path);
  }
  const since = { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" };
  assert.equal((await get(gateway.url, "/storage/my-bucket/a", since)).status, 304);
  assert.equal((await problemOf("/config/a", since)).status, 502, "it was not passed on");
  const part = { "content-range": "bytes 0-0/5", "content-length": "1" };
  upstream.script = answering(206, "text/plain", "x", part);
  assert.equal((await problemOf("/storage/my-bucket/a")).status, 502);
  const asked = await get(gateway.url, "/storage/my-bucket/a", { range: "bytes=0-0" });
  assert.deepEqual([asked.status, asked.body], [206, "x"]);
});

for (const [name, head, expected] of [
  ["103 before the answer", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", 200],
  // undici takes an unasked 100 for a broken answer
  ["100 that nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n", 502],
  ["102 again and again", "HTTP/1.1 102 Processing\r\n\r\n".repeat(20), 200],
  [
    "101 that nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    502,
  ],
] as const) {
  test(`${name}: ${expected}`, async (t) => {
    const answer =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write(head + answer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const { url } = await startGateway(t, `http://127.0.0.1:${port}`);
    const reply = await get(url, "/config/a");
    assert.equal(reply.status, expected, reply.body);
    assert.equal(reply.headers.link, undefined);
  });
}

for (const status of [600, 999]) {
  test(`a status of ${status} is 502`, async () => {
    upstream.script = answering(status, "text/html", CANARY);
    assert.equal((await problemOf("/config/a")).status, 502);
  });
}

test("a problem of ours whose code is not known here keeps status and detail, and says nothing else", async () => {
  const words = { title: "t", status: 0, detail: "in words", instance: "i", request_id: "r" };
  for (const [status, expected] of [
    [404, "404 upstream_rejected in words"],
    [409, "409 upstream_rejected in words"],
    [503, "503 upstream_unavailable in words"],
    [504, "504 upstream_timeout in words"],
  ] as const) {
    const later = { ...words, type: "urn:airlock:problem:of_later", code: "of_later", status };
    upstream.script = answering(status, "application/problem+json", JSON.stringify(later), {
      "www-authenticate": "x",
    });
    const reply = await get(gateway.url, "/config/a");
    const { code, detail } = JSON.parse(reply.body);
    assert.equal(`${reply.status} ${code} ${detail}`, expected);
  }
});

test("aux refusing the gateway's own proof, or the name it is called by, is 502 for GET and for HEAD", async () => {
  for (const [status, code, headers] of [
    [401, "unauthenticated", { "www-authenticate": "Airlock-Layer" }],
    [403, "wrong_principal", { "www-authenticate": "Airlock-Layer" }],
    [421, "misdirected_request", {}],
  ] as const) {
    const type = `urn:airlock:problem:${code}`;
    const body = JSON.stringify({ type, title: "t", status, detail: CANARY, code });
    upstream.script = answering(status, "application/problem+json", body, headers);
    assert.equal((await problemOf("/config/a")).status, 502, code);
    const head = await fetch(`${gateway.url}/storage/my-bucket/a`, { method: "HEAD" });
    assert.equal(head.status, 502, code);
  }
});

test("the log tells a rejected request from one that aux itself refused", async () => {
  upstream.script = answering(404, "text/html", CANARY);
  await problemOf("/config/a", { "x-request-id": "rejected-1" });
  const line = gateway.lines.find(
    ({ msg, request_id: id }) => msg === "request" && id === "rejected-1",
  );
  assert.deepEqual([line?.status, line?.rejected_upstream], [404, true]);
  assert.ok(!JSON.stringify(gateway.lines).includes("CANARY"));
});
