/** What a cache in front may keep: nothing of one caller's for another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalIssuer } from "@airlock/local-issuer";
import { get, json, type Script, startGateway, startUpstream, until } from "./harness.ts";

const OBJECT = "/storage/my-bucket/a";
const stored =
  (cacheControl: string | undefined, status = 200): Script =>
  ({ headers }, response) => {
    const isKnown = headers["if-none-match"] !== undefined;
    const isPart = headers.range !== undefined;
    response.writeHead(isKnown ? 304 : isPart ? 206 : status, {
      ...(cacheControl && { "cache-control": cacheControl }),
      "content-type": "text/plain",
      expires: "Thu, 01 Jan 2099 00:00:00 GMT",
      etag: '"e"',
    });
    response.end(isKnown ? undefined : "x");
  };

test("where a caller was asked, an object is kept by nobody, but as it says private or no-cache", async (t) => {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  const authorization = `Bearer ${await issuer.mint({ sub: "alice", aud: ["airlock"] })}`;
  for (const [said, kept] of [
    ["public, max-age=31536000", "no-store"],
    ["max-age=60", "no-store"],
    ["s-maxage=60", "no-store"],
    ["must-revalidate", "no-store"],
    [undefined, "no-store"],
    ["private, max-age=60", "private, max-age=60"],
    ["private, public", "private"],
    ["no-cache, public", "no-cache"],
  ] as const) {
    upstream.script = stored(said);
    for (const [more, status] of [
      [{}, 200],
      [{ range: "bytes=0-0" }, 206],
      [{ "if-none-match": '"e"' }, 304],
    ] as const) {
      const reply = await get(gateway.url, OBJECT, { authorization, ...more });
      assert.equal(reply.status, status);
      // a 304 that says nothing changes nothing of what is kept
      const expected = said === undefined && status === 304 ? undefined : kept;
      assert.equal(reply.headers["cache-control"], expected, `${said} ${status}`);
      assert.equal(reply.headers.vary, kept === "no-store" ? undefined : "authorization");
      assert.equal(reply.headers.expires, undefined);
    }
    const url = gateway.url + OBJECT;
    const head = await fetch(url, { method: "HEAD", headers: { authorization } });
    assert.equal(head.headers.get("cache-control"), kept, `${said} HEAD`);
  }
  assert.equal((await get(gateway.url, OBJECT)).headers["cache-control"], "no-store", "401");
  upstream.script = (_request, response) => {
    const headers = { "content-type": "application/json", "cache-control": "public, max-age=60" };
    response.writeHead(200, headers).end("{}");
  };
  const value = await get(gateway.url, "/config/a", { authorization });
  assert.equal(value.headers["cache-control"], "no-store");
});

test("where nobody was asked, what the object says is passed on", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url);
  for (const said of ["public, max-age=31536000", "private", "no-cache"]) {
    upstream.script = stored(said);
    const reply = await get(gateway.url, OBJECT);
    assert.equal(reply.headers["cache-control"], said);
    assert.equal(reply.headers.vary, undefined);
  }
  upstream.script = stored(undefined);
  assert.equal((await get(gateway.url, OBJECT)).headers["cache-control"], "no-store");
});

test("what jobs answers to a key is for it alone, whatever it says", async (t) => {
  const jobs = await startUpstream(t, (_request, response) => {
    const headers = { "content-type": "application/json", "cache-control": "public, max-age=60" };
    response.writeHead(200, headers).end("{}");
  });
  const gateway = await startGateway(t, jobs.url, { JOBS_SERVICE_URL: jobs.url });
  const reply = await get(gateway.url, "/v1/jobs", { authorization: "Bearer x" });
  assert.deepEqual([reply.status, reply.headers["cache-control"]], [200, "no-store"]);
});
