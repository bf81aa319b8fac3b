/** What happened to a job, on its whole way: client, gateway, and two replicas of jobs on one database. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { cancelWaitingJob, moveJob } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import {
  type Gateway,
  json,
  startGateway,
  startUpstream,
  until,
} from "../../gateway/test/harness.ts";
import { readEvents } from "./events-reader.ts";
import { askAt, type JobsRig, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const SLOW_POLL = { pollMs: 60_000, standingMs: 50 };
const jobs = await startJobs(world, database, {
  pace: { pollMs: 50, standingMs: 50 },
  env: { EVENT_READERS_PER_USER: "300" },
});
/** It finds by itself in a minute what its bell does not tell. */
const deaf = await startJobs(world, database, {
  pace: SLOW_POLL,
  env: { EVENT_READERS_PER_USER: "2" },
});
const endings: (() => unknown)[] = [];
const scope = { after: (end: unknown) => void endings.push(end as () => unknown) };
const aux = await startUpstream(scope, json({ ok: true }));
const gatewayOf = (at: JobsRig = jobs): Promise<Gateway> =>
  startGateway(scope, aux.url, { JOBS_SERVICE_URL: at.url });
const gateway = await gatewayOf();
const ask = askAt(gateway.url);
world.closers.push(async () => {
  for (const end of endings.reverse()) await end();
});
const key = await jobs.login();
const bearer = (as = key) => ({ authorization: `Bearer ${as}` });

async function submit(as = key): Promise<string> {
  const { status, body } = await jobs.ask("POST", "/v1/jobs/submit", {
    key: as,
    body: { image: "x:1", instance_type: "p5.48xlarge", env_vars: { GPU_COUNT: "1" } },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body.job_id;
}

/** As a processor does that looks at a job. */
async function happen(
  reservationId: string,
  times = 1,
  words = "Something happened.",
): Promise<void> {
  for (let n = 0; n < times; n++) {
    const event = { kind: "progress", actor: "processor", data: { detail: words } } as const;
    await moveJob(jobs.db, { reservationId, from: ["queued"], event });
  }
}

/** How often events were looked for so far. */
const looks = () => jobs.statements.filter((text) => text.includes("jsonb_agg")).length;

const end = (reservationId: string) =>
  cancelWaitingJob(jobs.db, { reservationId, orderId: crypto.randomUUID() });

const eventsOf = (id: string, query = "", at: { readonly url: string } = gateway) =>
  `${at.url}/v1/jobs/${id}/events${query}`;

const stream = (
  id: string,
  { query = "", as = key, at = gateway as { readonly url: string }, headers = {} } = {},
) => readEvents(eventsOf(id, query, at), { ...bearer(as), ...headers });

const page = (id: string, query = "", as = key) =>
  ask("GET", `/v1/jobs/${id}/events${query}`, { key: as, headers: { accept: "application/json" } });

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

test("a page has the events behind a number, in their order, and says where the next one begins", async () => {
  const id = await submit();
  await happen(id, 2);
  const { status, body, headers } = await page(id);
  assert.equal(status, 200, JSON.stringify(body));
  assert.match(headers.get("content-type") ?? "", /^application\/json/);
  const [first, second] = body.events;
  assert.deepEqual(
    { ...first, at: undefined },
    { seq: 1, at: undefined, kind: "submitted", actor: "user", data: {} },
  );
  assert.ok(Math.abs(Date.parse(first.at) - Date.now()) < 60_000, first.at);
  assert.deepEqual(second.data, { detail: "Something happened." });
  assert.deepEqual([body.events.length, body.next_seq, body.is_over], [3, 3, false]);
  const rest = await page(id, "?after=2");
  assert.deepEqual(
    rest.body.events.map(({ seq }: { seq: number }) => seq),
    [3],
  );
  assert.deepEqual((await page(id, "?after=3")).body, { events: [], next_seq: 3, is_over: false });
  await end(id);
  const last = await page(id.slice(0, 12), "?after=3");
  assert.deepEqual(
    [last.body.events[0].kind, last.body.next_seq, last.body.is_over],
    ["cancelled", 4, true],
  );
});

test("a job of somebody else is not there, in any form; nor is one without a key", async () => {
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const id = await submit();
  for (const headers of [{ accept: "application/json" }, {}, { "last-event-id": "1" }]) {
    for (const query of ["", "?wait=1"]) {
      const path = `/v1/jobs/${id}/events${query}`;
      const { status, body } = await ask("GET", path, { key: other, headers });
      assert.deepEqual([status, body.code], [404, "job_not_found"]);
      assert.equal((await ask("GET", path, { headers })).status, 401);
    }
  }
  assert.equal((await page("nothing-of-this-name")).status, 404);
});

test("numbers and waits that are none are refused, and so is a place behind the last event", async () => {
  const id = await submit();
  const queries = [
    "after=-1",
    "after=x",
    "after=1.5",
    "after=2147483648",
    "after=",
    "after=1&after=1",
  ];
  const waits = ["wait=61", "wait=-1", "wait=1m", "wait=", "wait=5&wait=5", "what=1"];
  for (const query of [...queries, ...waits, "after=2", "after=2&wait=1"]) {
    const { status, body } = await page(id, `?${query}`);
    assert.deepEqual([status, body.code], [400, "bad_request"], query);
  }
  for (const told of ["x", "-1", "1.0", "0x1", "1 2", "9".repeat(40), "2", "é", "1,1"]) {
    const { status, body } = await ask("GET", `/v1/jobs/${id}/events`, {
      key,
      headers: { "last-event-id": told },
    });
    assert.deepEqual([status, body.code], [400, "bad_request"], told);
    assert.match(body.detail, /Last-Event-ID|last event/);
  }
});

test("a stream has each event once as it happens, and says that it is over; whoever asks again is told to stop", async () => {
  const id = await submit();
  await happen(id, 3, "Ein Wort,\nzwei Zeilen: ünïcode 🚀\r\n\r\ndata: x");
  const read = await stream(id);
  assert.equal(read.status, 200);
  assert.match(read.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.deepEqual(
    ["cache-control", "x-accel-buffering"].map((name) => read.headers.get(name)),
    ["no-store", "no"],
  );
  await until(() => read.last === 4);
  assert.ok((read.retry ?? 0) >= 500 && (read.retry ?? 0) <= 2000, String(read.retry));
  await happen(id, 60);
  await until(() => read.last === 64);
  await end(id);
  assert.equal(await read.ended, true);
  assert.deepEqual(
    read.heard.map(({ id }) => id),
    [...numbers(1, 65), undefined],
  );
  assert.deepEqual(read.heard.at(-1), { id: undefined, name: "over", data: {} });
  assert.equal(
    read.heard[2]?.data.data.detail,
    "Ein Wort,\nzwei Zeilen: ünïcode 🚀\r\n\r\ndata: x",
  );
  assert.ok(read.heard.slice(0, -1).every(({ id, data }) => id === String(data.seq)));
  const again = await stream(id, { headers: { "last-event-id": "65" } });
  assert.deepEqual([again.status, again.headers.get("content-length")], [204, null]);
  const late = await stream(id, { query: "?after=3", headers: { "last-event-id": "63" } });
  assert.equal(await late.ended, true);
  assert.deepEqual(
    late.heard.map(({ id }) => id),
    ["64", "65", undefined],
  );
});

test("an answer that waits comes with the next event, when the job is over, or when its time is", async () => {
  const id = await submit();
  const known = await page(id, "?wait=60s");
  assert.equal(known.body.next_seq, 1, "what there is comes at once");
  const waiting = page(id, "?after=1&wait=60s");
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 1);
  await happen(id);
  assert.deepEqual(
    (await waiting).body.events.map(({ seq }: { seq: number }) => seq),
    [2],
  );
  // as curl asks, without saying what it takes
  const timed = await ask("GET", `/v1/jobs/${id}/events?after=2&wait=1`, { key });
  assert.deepEqual(timed.body, { events: [], next_seq: 2, is_over: false });
  const last = page(id, "?after=2&wait=60");
  await end(id);
  assert.deepEqual(
    [(await last).body.next_seq, (await page(id, "?after=3&wait=60")).body],
    [3, { events: [], next_seq: 3, is_over: true }],
  );
});

test("many readers share one look and one bell; a heartbeat and a HEAD cost nothing", async () => {
  const id = await submit();
  const readers = await Promise.all(Array.from({ length: 60 }, () => stream(id)));
  await until(() => readers.every(({ last }) => last === 1));
  const before = looks();
  await happen(id, 5);
  await until(() => readers.every(({ last }) => last === 6));
  const made = looks() - before;
  assert.ok(made < 100, `${made} looks for 60 readers of 5 events`);
  for (const { heard } of readers)
    assert.deepEqual(
      heard.map(({ id }) => id),
      numbers(1, 6),
    );
  const bells =
    "SELECT count(*)::integer AS n FROM pg_stat_activity WHERE application_name = 'airlock bell' AND datname = current_database()";
  const { rows } = await jobs.db.query<{ n: number }>(bells);
  assert.ok((rows[0]?.n ?? 9) <= 2, "one for each replica");
  const head = await fetch(eventsOf(id), { method: "HEAD", headers: bearer() });
  assert.deepEqual([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
  for (const one of readers) one.leave();
  await until(async () => (await jobs.metrics.inFlight.events) === 0);
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 0);
});

test("the bell tells at once what a look would find in a minute", async () => {
  const id = await submit();
  const read = await stream(id, { at: deaf });
  await until(() => read.last === 1);
  await happen(id);
  await jobs.db.query("SELECT pg_notify('airlock_jobs', $1)", [`other-job,${id}`]);
  await until(() => read.last === 2);
  await happen(id);
  await jobs.db.query("SELECT pg_notify('airlock_jobs', '')");
  await until(() => read.last === 3);
  // through the API, which rings by itself
  await ask("POST", `/v1/jobs/${id}/cancel`, { key });
  assert.equal(await read.ended, true);
  assert.equal(read.last, 4);
});

test("a user has so many readers on one pod, waits among them", async () => {
  const id = await submit();
  const [stays] = await Promise.all([stream(id, { at: deaf }), stream(id, { at: deaf })]);
  for (const [path, accept] of [
    ["", "text/event-stream"],
    ["?wait=9&after=1", "application/json"],
  ]) {
    const { status, body, headers } = await deaf.ask("GET", `/v1/jobs/${id}/events${path}`, {
      key,
      headers: { accept: accept ?? "" },
    });
    assert.deepEqual(
      [status, body.code, headers.get("retry-after")],
      [429, "too_many_at_once", "1"],
    );
  }
  stays?.leave();
  await until(() => deaf.metrics.inFlight.events === 1);
  const next = await stream(id, { at: deaf });
  assert.equal(next.status, 200);
});

test("a stream breaks off when its key is revoked, and no other does", async () => {
  const [as, id] = [await jobs.login(), await submit()];
  const [revoked, stays] = await Promise.all([stream(id, { as }), stream(id)]);
  const { body } = await jobs.ask("GET", "/v1/keys", { key });
  const { key_prefix } = body.keys.find((one: { key_prefix: string }) =>
    as.startsWith(one.key_prefix),
  );
  await jobs.ask("DELETE", `/v1/keys/${key_prefix}`, { key });
  assert.equal(await revoked.ended, false);
  await happen(id);
  await until(() => stays.last === 2);
  stays.leave();
});

test("a gateway that stops, and a jobs that stops, end streams whole and say when to come back: nothing is missed, nothing comes twice", async () => {
  const id = await submit();
  const replica = await startJobs(world, database, { pace: { pollMs: 50 } });
  const behind = await gatewayOf(replica);
  const other = await gatewayOf();
  const heard: (string | undefined)[] = [];
  const follow = async (at: Gateway, stop: () => Promise<unknown>, upTo: number) => {
    const told = heard.at(-1);
    const read = await stream(id, { at, ...(told && { headers: { "last-event-id": told } }) });
    await happen(id, 3);
    await until(() => read.last >= upTo);
    const waits = ask("GET", `/v1/jobs/${id}/events?after=${read.last}&wait=60`, { key });
    const waiting = askAt(at.url)("GET", `/v1/jobs/${id}/events?after=${read.last}&wait=60`, {
      key,
    });
    await until(async () => (await at.metric("airlock_http_requests_waiting")) === 2);
    await stop();
    assert.equal(await read.ended, true);
    assert.ok(read.retry !== undefined);
    assert.deepEqual((await waiting).body, { events: [], next_seq: read.last, is_over: false });
    heard.push(...read.heard.map(({ id }) => id));
    await happen(id, 2);
    assert.ok((await waits).body.next_seq > read.last);
  };
  await follow(other, () => other.drain(), 4);
  await follow(behind, () => replica.drain(), 9);
  const rest = await stream(id, { headers: { "last-event-id": heard.at(-1) ?? "" } });
  await until(() => rest.last === 11);
  assert.deepEqual([...heard, ...rest.heard.map(({ id }) => id)], numbers(1, 11));
  rest.leave();
});

test("a reader that does not read costs nothing, holds nobody up, and has all of it in the end", async () => {
  const id = await submit();
  const EVENTS = 8000;
  for (const [from, to] of [
    [2, 2000],
    [2001, 4000],
    [4001, 6000],
    [6001, EVENTS],
  ]) {
    await jobs.db.query(
      `WITH told AS (
         INSERT INTO job_events (reservation_id, seq, kind, actor, data)
         SELECT $1, n, 'progress', 'processor', jsonb_build_object('detail', repeat('x', 1000))
         FROM generate_series($2::integer, $3::integer) n)
       UPDATE reservations SET version = $3 WHERE reservation_id = $1`,
      [id, from, to],
    );
  }
  const looksBefore = looks();
  const { hostname, port } = new URL(jobs.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(
    `GET /v1/jobs/${id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`,
  );
  let text = "";
  socket.once("data", (part) => {
    text += part;
    socket.pause();
  });
  await until(() => text !== "");
  socket.setEncoding("latin1").on("data", (part) => {
    text += part;
  });
  socket.pause();
  // what the kernel takes of it comes to an end, and so do the looks
  for (let before = -1; before !== looks(); ) {
    before = looks();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(looks() - looksBefore < EVENTS / 50, `${looks() - looksBefore} looks`);
  const small = await submit();
  const quick = await stream(small);
  await until(() => quick.last === 1);
  quick.leave();
  socket.resume();
  await until(() => text.slice(-2000).includes(`\nid: ${EVENTS}\n`), 30_000);
  const seqs = [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
  assert.equal(seqs.length, EVENTS);
  assert.ok(seqs.every((seq, index) => seq === index + 1));
  socket.destroy();
});
