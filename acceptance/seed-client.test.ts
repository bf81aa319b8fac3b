/** The client that is out there, request by request: reserve, show, list, extend, cancel, and what it looks at beside. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { testGiven } from "./given.ts";
import {
  AVAIL,
  assertJob,
  CANCEL,
  EXTEND,
  LIST,
  LIST_ALL,
  LOOK_FOR,
  replay,
  reserve,
  SHOW,
  SHOW_SHORT,
  STATUS,
} from "./recorded-client.ts";
import { ok, poll, room, session } from "./seed-session.ts";

await testGiven("gpu-dev: reserve, show, list, extend, cancel", room, async ({ key, user }) => {
  const id = randomUUID();
  const [before, submit] = reserve(id, user);
  assert.ok(before && submit);
  for (const job of (await ok(key, before)).jobs) assertJob(job);
  assert.equal((await ok(key, submit)).status, "queued");
  // it asks for the id that it made up, not for the one that was answered: there is one at once
  const first = await ok(key, SHOW, id);
  assertJob(first);
  assert.equal(first.name, "demo");
  const active = await poll(key, SHOW, id, ({ status }) => ["active", "failed"].includes(status));
  assert.equal(active.status, "active", JSON.stringify(active));

  const short = await replay(key, SHOW_SHORT, id);
  if (short.status === 404) {
    assert.match(short.body.detail, /not found/);
    const { jobs } = await ok(key, LOOK_FOR);
    assert.ok(jobs.some((job: { job_id: string }) => job.job_id.startsWith(id.slice(0, 8))));
  } else {
    assert.equal(short.body.reservation_id, id);
  }
  for (const list of [LIST, LIST_ALL]) {
    const { jobs, total, limit, offset } = await ok(key, list);
    for (const job of jobs) assertJob(job);
    assert.ok(jobs.some((job: { reservation_id: string }) => job.reservation_id === id));
    assert.ok(total >= jobs.length);
    assert.deepEqual([limit, offset], [500, 0]);
  }

  const requested = await ok(key, EXTEND, id);
  assert.deepEqual([requested.job_id, requested.status], [id, "requested"]);
  // it knows by a change between two looks after its request: done before the first, it was never done
  const look = await ok(key, SHOW, id);
  assert.equal(look.expires_at, active.expires_at);
  assert.ok(!("extension_error" in look));
  const extended = await poll(key, SHOW_SHORT, id, (job) => job.expires_at !== look.expires_at);
  const hours = (Date.parse(extended.expires_at) - Date.parse(look.expires_at)) / 3_600_000;
  assert.equal(hours, 2);
  assert.ok(!("extension_error" in extended));

  const cancelled = await ok(key, CANCEL, id);
  assert.deepEqual([cancelled.job_id, cancelled.action], [id, "cancel"]);
  await poll(key, SHOW, id, ({ status }) => status === "cancelled");
});

await testGiven(
  "gpu-dev: a box on each of two nodes has its number in its name, and is cancelled as it waits or runs",
  session,
  async ({ key, user }) => {
    const ids = [randomUUID(), randomUUID()];
    for (const [index, id] of ids.entries()) {
      const name = `multi - Node ${index + 1}/2`;
      const [, submit] = reserve(id, user, name);
      assert.ok(submit);
      await ok(key, submit);
      assert.equal((await ok(key, SHOW, id)).name, name);
    }
    for (const id of ids) {
      await ok(key, CANCEL, id);
      await poll(key, SHOW, id, ({ status }) => status === "cancelled");
    }
  },
);

await testGiven(
  "gpu-dev: what is not there is told so that it looks on",
  session,
  async ({ key }) => {
    for (const recorded of [SHOW, SHOW_SHORT, EXTEND, CANCEL]) {
      // 403 would make it log in anew each time
      const { status, body } = await replay(key, recorded, randomUUID());
      assert.equal(status, 404);
      assert.match(body.detail, /not found/);
    }
  },
);

await testGiven("gpu-dev: avail and status", session, async ({ key }) => {
  const { availability } = await ok(key, AVAIL);
  for (const type of Object.values<Record<string, unknown>>(availability)) {
    for (const name of ["available", "total", "queued", "max_per_node"]) {
      assert.equal(typeof type[name], "number", JSON.stringify(type));
    }
  }
  const status = await ok(key, STATUS);
  for (const name of ["total", "available", "in_use"]) {
    assert.equal(typeof status[`${name}_gpus`], "number", JSON.stringify(status));
  }
  for (const name of ["active", "queued", "pending"]) {
    assert.equal(typeof status[`${name}_reservations`], "number", JSON.stringify(status));
  }
});
