/** What a reader is told whose time is up before AWS has given all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadCache } from "../src/read-cache.ts";
import { problemOf } from "./harness.ts";

test("a list that is not done in its reader's time is 503 list_unfinished, and there for the next one", async () => {
  let now = 0;
  const options = { freshMs: 1000, staleMs: 60_000, refusedMs: 0, maxEntries: 10 };
  const cache = new ReadCache<string[]>({ ...options, now: () => now });
  const pages = Promise.withResolvers<string[]>();
  let fetches = 0;
  const fetch = () => {
    fetches++;
    return pages.promise;
  };
  const problem = await problemOf(cache.read("list", fetch, { limitMs: 20 }));
  assert.deepEqual([problem.code, problem.status], ["list_unfinished", 503]);
  assert.equal(problem.headers["retry-after"], "5");
  pages.resolve(["a"]);
  assert.deepEqual((await cache.read("list", fetch, { limitMs: 20 })).value, ["a"]);
  assert.equal(fetches, 1);
  now += 2000;
  const never = () => new Promise<string[]>(() => {});
  const old = await cache.read("list", never, { limitMs: 20 });
  assert.deepEqual([old.cache, old.value], ["stale", ["a"]]);
});
