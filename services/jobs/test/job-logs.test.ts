/** What a job wrote: from the processor while it runs, as it was kept afterwards, and for its owner alone. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { moveJob } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { startJobs, startWorld } from "./harness.ts";

const asked: string[] = [];
let answer: { status: number; text: string } = { status: 200, text: "one\ntwo\n" };
const processor = createServer((request, response) => {
  asked.push(request.url ?? "");
  response.writeHead(answer.status, { "content-type": "text/plain" }).end(answer.text);
}).listen(0, "127.0.0.1");
after(() => processor.close());
await once(processor, "listening");
const { port } = processor.address() as AddressInfo;

const world = await startWorld();
const database = await world.cluster.createDatabase();
const jobs = await startJobs(world, database, {
  env: { PROCESSOR_SERVICE_URL: `http://127.0.0.1:${port}` },
});
const key = await jobs.login();
const submitted = await jobs.ask("POST", "/v1/jobs/submit", {
  key,
  body: {
    image: "x:1",
    instance_type: "p5.48xlarge",
    command: "echo",
    env_vars: { GPU_COUNT: "1" },
  },
});
const id: string = submitted.body.job_id;
const logs = async (query = "", as = key) => {
  const response = await fetch(`${jobs.url}/v1/jobs/${id}/logs${query}`, {
    headers: { authorization: `Bearer ${as}` },
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    text: await response.text(),
  };
};

test("of a job that is not over the processor tells it, as plain text", async () => {
  const { status, type, text } = await logs("?tail=5&since=10m");
  assert.deepEqual([status, text], [200, "one\ntwo\n"]);
  assert.match(type ?? "", /^text\/plain/);
  assert.equal(asked.at(-1), `/internal/jobs/${id}/logs?tail=5&since=10m`);
});

test("a processor that fails is a 503, and its words stay inside", async () => {
  answer = { status: 500, text: "secret words" };
  const { status, text } = await logs();
  assert.equal(status, 503);
  assert.doesNotMatch(text, /secret words/);
  answer = { status: 200, text: "one\ntwo\n" };
});

test("what is no number of lines and no time is refused", async () => {
  for (const query of ["?tail=-1", "?tail=10001", "?since=yesterday", "?follow=true"]) {
    const { status, text } = await logs(query);
    assert.equal(status, 400, `${query}: ${text}`);
  }
});

test("nobody else's", async () => {
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const { status } = await logs("", other);
  assert.equal(status, 404);
});

test("of a job that is over what was kept is told, and the processor is not asked", async () => {
  const event = { kind: "failed", actor: "processor" } as const;
  const set = { podLogs: "a\nb\nc\n" };
  await moveJob(jobs.db, { reservationId: id, from: ["queued"], to: "failed", set, event });
  const count = asked.length;
  assert.equal((await logs()).text, "a\nb\nc\n");
  assert.equal((await logs("?tail=2")).text, "b\nc\n");
  assert.equal((await logs("?tail=0")).text, "");
  assert.equal(asked.length, count);
});
