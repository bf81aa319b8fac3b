/** The way of a GET through the gateway: the files that docs/architecture.md names, and no other of ours. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { test } from "node:test";
import { startRoutes } from "./execution-harness.ts";
import { type Gateway, get, json, startGateway, startUpstream } from "./harness.ts";

const SRC = "services/gateway/src/";
const MOST_FILES = 7;

/** Files of the gateway in which a function ran while `work` did. */
async function filesEntered(work: () => Promise<unknown>): Promise<string[]> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await work();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  return result
    .filter(({ functions }) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0))
    .flatMap(({ url }) => url.split(SRC)[1] ?? [])
    .sort();
}

/** Files named in the section up to aux's part of the way, as a path or by the folder named before. */
async function filesTold(): Promise<string[]> {
  const text = await readFile(new URL("../../../docs/architecture.md", import.meta.url), "utf8");
  const way = text.split("## The way of one request")[1]?.split("`classes.ts`")[0] ?? "";
  const [route = ""] = /`services\/gateway\/src\/([\w/-]+\.ts)`/.exec(way)?.slice(1) ?? [];
  const folder = /`services\/gateway\/src\/([\w-]+)`/.exec(way)?.[1];
  const names = [...way.matchAll(/ - `([\w-]+\.ts)`/g)].map(([, name]) => `${folder}/${name}`);
  return [route, ...names].sort();
}

async function assertWay({ url }: Gateway, more: readonly string[]): Promise<void> {
  const ask = async () => {
    const { status, body } = await get(url, "/config//airlock/dev/host");
    assert.equal(status, 200, body);
  };
  await ask(); // connections are made, which is no part of the way
  // nor is what a timer does meanwhile: it does not do so twice
  const again = new Set(await filesEntered(ask));
  const entered = (await filesEntered(ask)).filter((file) => again.has(file));
  assert.deepEqual(entered, [...(await filesTold()), ...more].sort());
  assert.ok(entered.length <= MOST_FILES + more.length, entered.join(" "));
}

const answer = json({ name: "/airlock/dev/host", value: "x" });

test("a GET enters the files that are told, seven at most", async (t) => {
  const aux = await startUpstream(t, answer);
  await assertWay(await startGateway(t, aux.url, { RATE_LIMIT_PER_MINUTE: "100" }), []);
});

test("where there are two routes, it enters one more, which chooses", async (t) => {
  const env = { RATE_LIMIT_PER_MINUTE: "100", USE_API_GATEWAY_PERCENTAGE: "100" };
  const { gateway } = await startRoutes(t, { direct: answer, execution: answer }, env);
  await assertWay(gateway, ["rollout/choice.ts"]);
});
