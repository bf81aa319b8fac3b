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
/** Of this job a log is slow to come, until they are let go. */
let slow: string | undefined;
const held: (() => void)[] = [];
let answer: { status: number; text: string; isEndless?: true } = {
  status: 200,
  text: "one\ntwo\n",
};
const processor = createServer((request, response) => {
  asked.push(request.url ?? "");
  const send = () => {
    response.writeHead(answer.status, { "content-type": "text/plain" }).write(answer.text);
    if (!answer.isEndless) response.end();
  };
  if (slow !== undefined && request.url?.includes(slow)) held.push(send);
  else send();
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
const submit = async (as: string): Promise<string> => {
  const submitted = await jobs.ask("POST", "/v1/jobs/submit", {
    key: as,
    body: {
      image: "x:1",
      instance_type: "p5.48xlarge",
      command: "echo",
      env_vars: { GPU_COUNT: "1" },
    },
  });
  return submitted.body.job_id;
};
const id = await submit(key);
const logs = async (query = "", as = key, of = id) => {
  const response = await fetch(`${jobs.url}/v1/jobs/${of}/logs${query}`, {
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

test("a refusal to follow that has no end is a 503 all the same", async () => {
  answer = { status: 500, text: "secret words ".repeat(10_000), isEndless: true };
  const { status, text } = await logs("?follow=true");
  assert.equal(status, 503);
  assert.doesNotMatch(text, /secret words/);
  answer = { status: 200, text: "one\ntwo\n" };
});

test("what is no number of lines and no time is refused", async () => {
  for (const query of ["?tail=-1", "?tail=10001", "?since=yesterday", "?follow=perhaps"]) {
    const { status, text } = await logs(query);
    assert.equal(status, 400, `${query}: ${text}`);
  }
});

test("nobody else's", async () => {
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const { status } = await logs("", other);
  assert.equal(status, 404);
});

test("one user's logs that are slow to come leave connections to the others", async () => {
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const theirs = await submit(other);
  slow = id;
  let answered = 0;
  const mine = Array.from({ length: 40 }, () => logs().finally(() => answered++));
  while (held.length < 4) await once(processor, "request");
  assert.equal((await logs("", other, theirs)).status, 200);
  assert.deepEqual([answered, held.length], [0, 4], "none of the first had to end for it");
  slow = undefined;
  for (const send of held.splice(0)) send();
  const statuses = new Set((await Promise.all(mine)).map(({ status }) => status));
  assert.deepEqual(statuses, new Set([200]));
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
