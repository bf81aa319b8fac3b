/** Which Cache-Control an answer keeps that is for one caller. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheControlForOne, headersForOne } from "../src/cache-control.ts";

test("private and no-cache stay, for the whole answer alone", () => {
  for (const [stored, kept] of [
    [undefined, "no-store"],
    ["", "no-store"],
    ["public", "no-store"],
    ["public, max-age=31536000, immutable", "no-store"],
    ["max-age=60", "no-store"],
    ["s-maxage=60", "no-store"],
    ["must-revalidate", "no-store"],
    ["must-understand, max-age=60", "no-store"],
    ["proxy-revalidate, max-age=0", "no-store"],
    ["no-store", "no-store"],
    ["private, no-store", "no-store"],
    ["private", "private"],
    ["Private, Max-Age=60", "private, max-age=60"],
    ["max-age=60 ,\tprivate", "private, max-age=60"],
    ["private, public, s-maxage=60", "private"],
    [
      "private, max-age=60, must-revalidate, immutable, x-cdn=5",
      "private, max-age=60, must-revalidate, immutable",
    ],
    ["private, no-cache", "private, no-cache"],
    [
      "private, stale-while-revalidate=30, stale-if-error=60",
      "private, stale-while-revalidate=30, stale-if-error=60",
    ],
    ["private, max-age=60, max-age=60", "private, max-age=60"],
    ["no-cache", "no-cache"],
    ["no-cache, public, max-age=60, stale-if-error=60", "no-cache"],
    ["NO-CACHE, no-transform", "no-cache, no-transform"],
    ['private="set-cookie", max-age=60', "no-store"],
    ['no-cache="set-cookie", public', "no-store"],
    ['private=""', "no-store"],
    ["private=", "no-store"],
    ["private=x", "no-store"],
    ['x="private", public', "no-store"],
    ['x="a, private, b"', "no-store"],
    ['private, x="a, public"', "private"],
    ['private, "', "no-store"],
    ['private, x="a', "no-store"],
    ["private; max-age=60", "no-store"],
    ["private max-age=60", "no-store"],
    ["private, max-age=-1", "private"],
    ["notprivate", "no-store"],
    [",, private ,,", "private"],
  ] as const) {
    assert.equal(cacheControlForOne(stored), kept, stored);
  }
});

test("a long header takes no long time", () => {
  const startedAt = performance.now();
  for (const part of ['"', "a,", '"\\', "a=", ",", '"a",', "private,"]) {
    assert.equal(cacheControlForOne(part.repeat(8192 / part.length)), "no-store");
    cacheControlForOne(part.repeat(1000 / part.length));
  }
  assert.ok(performance.now() - startedAt < 5 * 100);
});

test("Expires goes; whatever else there is stays", () => {
  const stored = { etag: '"e"', expires: "Thu, 01 Jan 2099 00:00:00 GMT" };
  assert.deepEqual(
    headersForOne({ status: 200, headers: { ...stored, "cache-control": "private, max-age=1" } }),
    {
      etag: '"e"',
      "cache-control": "private, max-age=1",
    },
  );
  const said = { etag: '"e"', "cache-control": "no-store" };
  assert.deepEqual(headersForOne({ status: 206, headers: stored }), said);
});

test("a 304 that says nothing changes nothing of what is kept", () => {
  const expires = "Thu, 01 Jan 2099 00:00:00 GMT";
  assert.deepEqual(headersForOne({ status: 304, headers: { expires } }, "authorization"), {});
  const headers = { "cache-control": "public" };
  assert.deepEqual(headersForOne({ status: 304, headers }), { "cache-control": "no-store" });
});

test("what may be kept is kept for who shows the same", () => {
  const varied = (headers: Record<string, string>) =>
    headersForOne({ status: 200, headers }, "authorization").vary;
  assert.equal(varied({ "cache-control": "private", vary: "accept" }), "accept, authorization");
  assert.equal(varied({ "cache-control": "no-cache" }), "authorization");
  assert.equal(varied({ vary: "accept" }), "accept");
});
