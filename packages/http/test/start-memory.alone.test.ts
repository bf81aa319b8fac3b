/** What a start needs in memory: nothing for nobody, and given back once it has been needed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { giveBackStart } from "@airlock/http";
import { startApp } from "./app-harness.ts";

/** All CommonJS modules of this process. */
const loaded = () => Object.keys(createRequire(import.meta.url).cache);

test("an application without pages of documentation loads no second validator, and validates", async (t) => {
  const { app } = await startApp(t, () => {}, { ENVIRONMENT: "prod", ALLOWED_HOSTS: "localhost" });
  assert.equal((await app.inject("/livez")).statusCode, 200);
  assert.ok(loaded().some((path) => path.includes("/fastify/")));
  const others = /\/(?:ajv|ajv-formats|fast-uri|@fastify\/swagger)\//;
  assert.deepEqual(
    loaded().filter((path) => others.test(path)),
    [],
  );
});

test("V8 still knows by these names what is asked of it: others it would only complain of", () => {
  const { stdout } = spawnSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  const source = readFileSync(new URL("../src/heap.ts", import.meta.url), "utf8");
  const names = [...source.matchAll(/setFlagsFromString\("--(?:no-)?([a-z-]+)/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(names, [
    "heap-growing-percent",
    "memory-reducer-gc-count",
    "expose-gc",
    "expose-gc",
  ]);
  for (const name of names) assert.match(stdout, new RegExp(`^ +--${name} `, "m"));
});

test("garbage of the start is gone at once, and nobody can collect by hand afterwards", () => {
  let garbage: number[][] | undefined = Array.from({ length: 2000 }, () => new Array(1000).fill(1));
  const before = getHeapStatistics().used_heap_size;
  assert.equal(garbage.length, 2000);
  garbage = undefined;
  giveBackStart();
  const { used_heap_size: after, total_heap_size: held } = getHeapStatistics();
  assert.ok(before - after > 12_000_000, `${before} and then ${after}`);
  assert.ok(held - after < 8_000_000, `${held} held for ${after}`);
  assert.equal(Reflect.get(globalThis, "gc"), undefined);
});
