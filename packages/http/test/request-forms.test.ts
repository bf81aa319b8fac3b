/** Targets, hosts, framings and expectations: what is served, and what each other one is told. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startApp, until } from "./app-harness.ts";
import { sendRaw } from "./raw-client.ts";

const small = await startApp(
  { after: (release: unknown) => after(release as () => Promise<void>) },
  (app) => {
    app.get("/a", async () => ({ ok: true }));
    app.get("/", async () => ({ ok: true }));
    app.post("/b", async () => ({ ok: true }));
  },
  { ALLOWED_HOSTS: "Localhost,*.example.com.,other.test:8443,plain.test:80" },
);

const H = "Host: localhost\r\n";

type Row = readonly [bytes: string, status: number];

const TARGETS: readonly Row[] = [
  [`GET /a HTTP/1.1\r\n${H}`, 200],
  [`GET http://localhost/a HTTP/1.1\r\n${H}`, 200],
  [`GET HTTP://LOCALHOST:80/a?x=1 HTTP/1.1\r\n${H}`, 200],
  [`GET https://www.example.com/a HTTP/1.1\r\n${H}`, 200],
  [`GET http://localhost HTTP/1.1\r\n${H}`, 200],
  [`GET http://localhost?x=1 HTTP/1.1\r\n${H}`, 200],
  // the host of an absolute target counts, and Host does not, but for being one
  ["GET http://localhost/a HTTP/1.1\r\nHost: evil.test\r\n", 200],
  [`GET http://evil.test/a HTTP/1.1\r\n${H}`, 421],
  ["GET http://localhost/a HTTP/1.1\r\n", 400],
  [`GET http://localhost/a HTTP/1.1\r\n${H}${H}`, 400],
  [`GET http://user@localhost/a HTTP/1.1\r\n${H}`, 400],
  [`GET http:///a HTTP/1.1\r\n${H}`, 400],
  [`GET ftp://localhost/a HTTP/1.1\r\n${H}`, 400],
  [`GET /a#b HTTP/1.1\r\n${H}`, 400],
  [`GET * HTTP/1.1\r\n${H}`, 400],
  [`GET localhost:80 HTTP/1.1\r\n${H}`, 400],
  [`OPTIONS * HTTP/1.1\r\n${H}`, 405],
  [`OPTIONS *x HTTP/1.1\r\n${H}`, 400],
  [`OPTIONS /a HTTP/1.1\r\n${H}`, 405],
  [`CONNECT localhost:80 HTTP/1.1\r\n${H}`, 405],
  [`CONNECT evil.test:443 HTTP/1.1\r\n${H}`, 405],
  [`CONNECT localhost HTTP/1.1\r\n${H}`, 400],
  [`GET /%zz HTTP/1.1\r\n${H}`, 400],
  [`GET /a?%zz HTTP/1.1\r\n${H}`, 400],
  ["GET /%zz HTTP/1.1\r\nHost: evil.test\r\n", 421],
];

const HOSTS: readonly Row[] = [
  ["localhost", 200],
  ["LOCALHOST", 200],
  ["localhost.", 200],
  ["localhost:", 200],
  ["localhost:80", 200],
  ["localhost.:8080", 200],
  ["a.EXAMPLE.com.", 200],
  ["example.com", 421],
  ["example.com.evil.test", 421],
  ["other.test:8443", 200],
  ["other.test:08443", 200],
  ["other.test", 421],
  ["other.test:443", 421],
  ["plain.test", 200],
  ["plain.test:443", 200],
  ["plain.test:8080", 421],
  ["localhost..", 421],
  ["localhost:x", 400],
  ["localhost:123456", 400],
  ["", 400],
].map(([host, status]) => [`GET /a HTTP/1.1\r\nHost: ${host}\r\n`, status] as Row);

const chunked = "5\r\nhello\r\n0\r\n\r\n";
const FRAMINGS: readonly (readonly [head: string, body: string, status: number])[] = [
  [`POST /b HTTP/1.1\r\n${H}Content-Length: 5\r\n`, "hello", 200],
  [`POST /b HTTP/1.1\r\n${H}Content-Length: 05\r\n`, "hello", 200],
  [`POST /b HTTP/1.1\r\n${H}Transfer-Encoding: Chunked\r\n`, chunked, 200],
  ["POST /b HTTP/1.0\r\nContent-Length: 5\r\n", "hello", 200],
  ["POST /b HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", chunked, 400],
  [`POST /b HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n`, chunked, 400],
  [
    `POST /b HTTP/1.1\r\n${H}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n`,
    chunked,
    400,
  ],
  [`POST /b HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n`, chunked, 400],
  [`POST /b HTTP/1.1\r\n${H}Transfer-Encoding: chunked;q=1\r\n`, chunked, 400],
  [`POST /b HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n`, "hello", 400],
  [`POST /b HTTP/1.1\r\n${H}Transfer-Encoding:\r\n`, "", 400],
  [`GET /a HTTP/1.1\r\n${H}Transfer-Encoding: deflate, chunked\r\n`, chunked, 400],
  [`POST /b HTTP/1.1\r\n${H}Content-Length:\r\n`, "", 400],
  [`POST /b HTTP/1.1\r\n${H}Content-Length: 5,5\r\n`, "hello", 400],
  [`POST /b HTTP/1.1\r\n${H}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`, chunked, 400],
];

async function askOnce(bytes: string) {
  const { responses, rest, wasClosed } = await sendRaw(small.port, bytes);
  assert.equal(rest, "");
  assert.equal(responses.length, 1, JSON.stringify(responses));
  const [response = assert.fail()] = responses;
  return { ...response, wasClosed };
}

const firstLines = (bytes: string) => JSON.stringify(bytes).slice(1, -1);

for (const [head, status] of [...TARGETS, ...HOSTS]) {
  test(`${status}: ${firstLines(head)}`, async () => {
    const answer = await askOnce(`${head}\r\n`);
    assert.equal(answer.status, status, answer.body);
    if (status === 405) assert.match(answer.headers.allow ?? "", /GET/);
  });
}

for (const [head, body, status] of FRAMINGS) {
  test(`${status}: ${firstLines(head)}`, async () => {
    const answer = await askOnce(`${head}\r\n${body}`);
    assert.equal(answer.status, status, answer.body);
    if (status === 400) assert.ok(answer.wasClosed, "nobody knows where the next one would begin");
  });
}

test("what is refused before it has a path is logged and counted like everything else", async () => {
  const lines = (status: number) => small.lines.filter((line) => line.status === status).length;
  const count = async (status: number) => {
    let sum = 0;
    for (const line of await small.samples("airlock_http_request_duration_seconds")) {
      if (!line.includes(`_count{`) || !line.includes(`status="${status}"`)) continue;
      sum += Number(line.slice(line.lastIndexOf(" ") + 1));
    }
    return sum;
  };
  for (const [bytes, status] of [
    [`GET /a HTTP/1.1\r\n${H}Expect: foo\r\n\r\n`, 417],
    [`CONNECT a:1 HTTP/1.1\r\n${H}\r\n`, 405],
    [`GET /%zz HTTP/1.1\r\n${H}\r\n`, 400],
    ["\x01\x02\r\n\r\n", 400],
    [`GET /a HTTP/1.1\r\n${H}X: ${"x".repeat(90_000)}\r\n\r\n`, 431],
  ] as const) {
    const before = [lines(status), await count(status)] as const;
    assert.equal((await askOnce(bytes)).status, status);
    await until(() => lines(status) > before[0]);
    assert.deepEqual([lines(status), await count(status)], [before[0] + 1, before[1] + 1], bytes);
  }
});

describe("HEAD has no body in its answer", { concurrency: true }, () => {
  for (const [name, bytes, status] of [
    ["a head that never ends", `HEAD /a HTTP/1.1\r\n${H}`, 408],
    ["a body that never ends", `HEAD /a HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhe`, 408],
    ["a head that is malformed", `HEAD /a HTTP/1.1\r\n${H}No-Colon\r\n\r\n`, 400],
    [
      "a body that is malformed",
      `HEAD /a HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ["an expectation", `HEAD /a HTTP/1.1\r\n${H}Expect: y\r\n\r\n`, 417],
  ] as const) {
    test(name, async () => {
      const { text } = await sendRaw(small.port, bytes, 150, 15_000);
      assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.ok(text.endsWith("\r\n\r\n") && text.indexOf("\r\n\r\n") === text.length - 4, text);
    });
  }
});
