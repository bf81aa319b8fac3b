/** Limits count every answer: whatever a request is refused for, it counts for its address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sendRaw } from "../../../packages/http/test/raw-client.ts";
import { get, json, startGateway, startUpstream, tally, until } from "./harness.ts";

const LIMIT = 5;
const END = "Connection: close\r\n\r\n";
const H = `Host: localhost\r\n${END}`;
/** Requests that are refused, most before anybody asks who is calling, and what with. */
const REFUSED: Readonly<Record<string, readonly [string, status: number, ifAsked?: number]>> = {
  "a path that cannot be decoded": [`GET /config/%zz HTTP/1.1\r\n${H}`, 400],
  "an object's key that cannot be decoded": [`GET /storage/b/%ff%zz HTTP/1.1\r\n${H}`, 400],
  "a bad Host": [`GET /config/a HTTP/1.1\r\nHost: a/b@c\r\n${END}`, 400],
  "no Host": [`GET /config/a HTTP/1.1\r\n${END}`, 400],
  "a Host that is not served": [`GET /config/a HTTP/1.1\r\nHost: evil.test\r\n${END}`, 421],
  "a target of somebody else": [`GET http://evil.test/config/a HTTP/1.1\r\n${H}`, 421],
  "a target of no form": [`GET config/a HTTP/1.1\r\n${H}`, 400],
  CONNECT: [`CONNECT localhost:80 HTTP/1.1\r\n${H}`, 405, 401],
  "an odd expectation": [`GET /config/a HTTP/1.1\r\nExpect: foo\r\n${H}`, 417],
  "a head that cannot be read": [`GET /config/a HTTP/1.1\r\nNo-Colon\r\n${H}`, 400],
  "a query that cannot be decoded": [`GET /config?a=%zz HTTP/1.1\r\n${H}`, 400],
  "a URL that is too long": [`GET /config/${"a".repeat(9000)} HTTP/1.1\r\n${H}`, 414],
  "headers that are too large": [`GET /config/a HTTP/1.1\r\nX: ${"a".repeat(13_000)}\r\n${H}`, 431],
  "a body that is too large": [
    `POST /config HTTP/1.1\r\nContent-Length: 70000\r\n${H}${"x".repeat(70_000)}`,
    413,
  ],
};

const ISSUER = { GATEWAY_JWT_ISSUER: "http://127.0.0.1:9", GATEWAY_JWT_AUDIENCE: "airlock" };

for (const [name, [bytes, status, ifAsked = status]] of Object.entries(REFUSED)) {
  for (const door of ["none", "jwt", "api-key"]) {
    test(`${name} counts for its address, GATEWAY_AUTH=${door}`, async (t) => {
      const [aux, jobs] = [await startUpstream(t, json({})), await startUpstream(t, json({}))];
      const gateway = await startGateway(t, aux.url, {
        GATEWAY_AUTH: door,
        ...(door === "jwt" && ISSUER),
        JOBS_SERVICE_URL: jobs.url,
        ALLOWED_HOSTS: "localhost,127.0.0.1",
        RATE_LIMIT_PER_MINUTE: String(LIMIT),
      });
      const statuses: number[] = [];
      for (let n = 0; n < LIMIT + 3; n++) {
        const { responses } = await sendRaw(gateway.port, bytes);
        statuses.push(responses[0]?.status ?? 0);
      }
      const expected = door === "none" ? status : ifAsked;
      assert.deepEqual(tally(statuses), { [expected]: LIMIT, 429: 3 });
      const lines = () =>
        gateway.lines.filter(({ msg }) => /^request( refused before routing)?$/.test(String(msg)));
      await until(() => lines().length === LIMIT + 3);
      assert.equal(
        (await get(gateway.url, "/config/a")).status,
        429,
        "and so does what is well-formed",
      );
      assert.equal((await get(gateway.url, "/livez")).status, 200);
      assert.equal(aux.requests.length + jobs.requests.length, 0);
    });
  }
}
