/** `gpu-dev events`: what happened to a job, all of it once, through a service that is away for a while. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobEvent } from "@airlock/contract";
import { gpuDev, JOB, type Played, quickClock, temporaryHome } from "./harness.ts";

const KEY = { GPU_DEV_API_KEY: "given-given-given-given" };
const eventOf = (seq: number, kind: string, data: JobEvent["data"] = {}): JobEvent => ({
  seq,
  at: "2026-01-15T12:00:00.000Z",
  kind,
  actor: "processor",
  data,
});
const ALL = [
  eventOf(1, "submitted"),
  eventOf(2, "waiting", { detail: "Waits for 2 h100 GPUs on one node:\nnone is free." }),
  eventOf(3, "placed", { node: "n1" }),
  eventOf(4, "command_ended", { reason: "The command ended with exit code 3.", exit_code: 3 }),
  eventOf(5, "cancel_requested", { order_id: "4f1c" }),
];

/** Two events at a time, and none at times. */
function serving(refusals: number[] = []): { readonly api: Played; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    api: ({ path }) => {
      const search = path.split("/events")[1];
      if (search === undefined) return { body: JOB };
      asked.push(search);
      const status = refusals.shift();
      if (status !== undefined) return { status, body: { detail: "Not now." } };
      const after = Number(new URLSearchParams(search).get("after"));
      const events = ALL.filter(({ seq }) => seq > after).slice(0, 2);
      const next_seq = events.at(-1)?.seq ?? after;
      return { body: { events, next_seq, is_over: next_seq === ALL.length } };
    },
  };
}

test("all pages are printed, a line each; --json is one document", async (t) => {
  const home = await temporaryHome(t);
  const { api, asked } = serving();
  const { code, out, err } = await gpuDev(["events", JOB.job_id], { home, env: KEY, api });
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.slice("2026-01-15 12:00:00  ".length)),
    [
      "submitted",
      "waiting: Waits for 2 h100 GPUs on one node: none is free.",
      "placed: node n1",
      "command ended: The command ended with exit code 3.",
      "cancel requested",
    ],
  );
  assert.deepEqual(asked, ["?after=0", "?after=2", "?after=4", "?after=5"]);
  const { json } = await gpuDev(["events", JOB.job_id, "--json"], { home, env: KEY, api });
  assert.deepEqual(json, { job_id: JOB.job_id, events: ALL });
});

test("-f goes on to the end, through refusals, and has each event once", async (t) => {
  const { api, asked } = serving([429, 503, 503, 503]);
  const setting = { home: await temporaryHome(t), env: KEY, api, clock: quickClock() };
  const { code, out, err } = await gpuDev(["events", "-f", "--json", JOB.job_id], setting);
  assert.equal(code, 0, err);
  const told = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(told, ALL);
  assert.equal(asked.at(-1), "?after=4&wait=20s");
});

test("what does not pass is told, and ends it", async (t) => {
  const { api } = serving([404]);
  const setting = { home: await temporaryHome(t), env: KEY, api, clock: quickClock() };
  const { code, err } = await gpuDev(["events", "-f", JOB.job_id], setting);
  assert.notEqual(code, 0);
  assert.match(err, /Not now/);
});
