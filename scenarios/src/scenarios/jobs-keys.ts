/** API keys on two replicas and a gateway: ended everywhere, replaced once, looked up by index. */
import type { Queryable } from "@airlock/jobs-store";
import { type JobsRig, startJobs } from "../rig/jobs.ts";
import { type JobsAnswer, jobsClient, tally } from "../rig/jobs-client.ts";
import { addPeople, type Person } from "../rig/jobs-people.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const KEYS_OF_EACH = 10;
const SIZES = {
  test: { users: 60, warm: 150, revoked: 1, rotated: 2 },
  soak: { users: 5000, warm: 2000, revoked: 20, rotated: 50 },
} as const;
/** Keys that many requests come with at once, each at both replicas. */
const HOT_KEYS = 10;
/** How long a key that was looked up is good without another look. */
const REMEMBERED_MS = 900;
const REVOKED_MS = 1000;
/** At each door. */
const ASKED_EVERY_MS = 10;
/** After the last door closed, to see that none opens again. */
const WATCH_MS = 300;
const LONGEST_MS = 15_000;
/** No job has so short an id: nothing but the key is looked up. */
const KEY_ONLY = "/v1/jobs/abc";
/** What begins an id is shown in lists: a fixed prefix and 8 characters. */
const PREFIX_CHARACTERS = 13;

export const jobsKeys: Scenario = {
  name: "jobs-keys",
  how: "two replicas of jobs, and a gateway that lets in by API key; 50,000 keys of 5,000 users (600 of 60 in tests): a key of each user used once, some keys many times, index scans counted by Postgres; keys revoked while they are used at every door; keys rotated by eight requests at once",
  async run(size: SizeName, stage: Stage) {
    const rig = await startJobs(stage, { gatewayEnv: { GATEWAY_AUTH: "api-key" } });
    const people = await addPeople(rig.db, SIZES[size].users, KEYS_OF_EACH);
    await rig.db.query("ANALYZE api_keys, api_users");
    await lookUps(size, stage, rig, people);
    await revokeAll(size, stage, rig, people);
    await rotateAll(size, stage, rig, people);
  },
};

async function lookUps(
  size: SizeName,
  stage: Stage,
  { db, replicas }: JobsRig,
  people: readonly Person[],
): Promise<void> {
  const { warm, users } = SIZES[size];
  const doors = replicas.map(({ url }) => jobsClient(url));
  const answers: JobsAnswer[] = [];
  const of = `among ${users * KEYS_OF_EACH} keys`;
  const askEach = async (key: string) => {
    for (const ask of doors) answers.push(await ask("GET", KEY_ONLY, { key }));
  };

  const before = await readScans(db, replicas);
  await inTurn(users, 32, (n) => askEach(people[n]?.keys[0] ?? ""));
  const afterCold = await readScans(db, replicas);
  const coldScans = afterCold.byHash - before.byHash;
  const coldAsked = users * doors.length;
  stage.check(
    "cold: index scans for each key and replica",
    "≤ 1",
    coldScans <= coldAsked,
    `${coldAsked} requests ${of}`,
    (coldScans / coldAsked).toFixed(2),
  );

  const hot = people.slice(0, HOT_KEYS).map(({ keys }) => keys[1] ?? "");
  const startedAt = performance.now();
  for (const key of hot) await askEach(key);
  await inTurn(warm, 32, (n) => askEach(hot[n % hot.length] ?? ""));
  const spans = Math.floor((performance.now() - startedAt) / REMEMBERED_MS);
  const after = await readScans(db, replicas);
  const firsts = hot.length * doors.length;
  const more = after.byHash - afterCold.byHash - firsts;
  stage.check(
    "warm: index scans beside the first of each key and replica",
    "0, and 1 for each 0.9 s that pass",
    more <= firsts * spans,
    `${warm * doors.length} requests ${of}, ${firsts} remembered, ${spans} × 0.9 s`,
    `${more}`,
  );
  const whole = after.whole - before.whole;
  stage.check(
    "scans of the whole table",
    "0",
    whole === 0,
    `${answers.length} requests`,
    `${whole}`,
  );
  const admitted = answers.filter(({ body }) => body.code === "job_not_found").length;
  stage.check(
    "requests that were let in",
    "all",
    admitted === answers.length,
    `${answers.length} requests`,
    tally(answers),
  );
}

/** Runs the work for 0 … count - 1, so many at once. */
async function inTurn(
  count: number,
  width: number,
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

interface Scans {
  readonly byHash: number;
  readonly whole: number;
}

/** Counts that are up to date: a connection tells its counts for certain when it ends. */
async function readScans(db: Queryable, replicas: JobsRig["replicas"]): Promise<Scans> {
  const { rows: ended } = await db.query<{ pid: number }>(
    `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  );
  const pids = ended.map(({ pid }) => pid);
  await until("connections have ended", async () => {
    const { rows } = await db.query("SELECT FROM pg_stat_activity WHERE pid = ANY($1)", [pids]);
    return rows.length === 0;
  });
  // once a replica has answered this, it has heard of the ends too, and uses none of them again
  for (const replica of replicas) await replica.answers("/livez");
  const { rows } = await db.query<Scans>(
    `SELECT indexes.idx_scan::integer AS "byHash", tables.seq_scan::integer AS "whole"
     FROM pg_stat_user_tables tables JOIN pg_stat_user_indexes indexes USING (relid)
     WHERE tables.relname = 'api_keys' AND indexrelname = 'api_keys_key_hash_key'`,
  );
  if (!rows[0]) throw new Error("the index of the keys has another name");
  return rows[0];
}

/** Ends keys while they are used everywhere; a door is shut when it lets nobody in any more. */
async function revokeAll(
  size: SizeName,
  stage: Stage,
  rig: JobsRig,
  people: readonly Person[],
): Promise<void> {
  const count = SIZES[size].revoked;
  const doors = [
    { name: "jobs, one replica", url: rig.replicas[0]?.url ?? "", path: KEY_ONLY },
    { name: "jobs, the other replica", url: rig.replicas[1]?.url ?? "", path: KEY_ONLY },
    { name: "the gateway, /v1", url: rig.url, path: KEY_ONLY },
    { name: "the gateway, /config", url: rig.url, path: "/config/anything" },
  ];
  const slowest = new Map<string, number>();
  const codes = new Set<unknown>();
  for (let n = 0; n < count; n++) {
    const [key = "", victim = ""] = people[n]?.keys ?? [];
    const isOpen = doors.map(() => false);
    const lastOpenAt = doors.map(() => 0);
    let isOver = false;
    const watchers = doors.map(async ({ url, path }, index) => {
      const ask = jobsClient(url);
      while (!isOver && !stage.hasEnded) {
        const askedAt = performance.now();
        const { status, body } = await ask("GET", path, { key: victim });
        isOpen[index] = status !== 401 && status !== 403;
        // an answer may take its time; what counts is when it was asked for
        if (isOpen[index]) lastOpenAt[index] = askedAt;
        else codes.add(body.code);
        await sleep(ASKED_EVERY_MS);
      }
    });
    await until("every door knows the key", () => isOpen.every(Boolean));
    const prefix = victim.slice(0, PREFIX_CHARACTERS);
    const revoked = await jobsClient(rig.url)("DELETE", `/v1/keys/${prefix}`, { key });
    const revokedAt = performance.now();
    if (revoked.status !== 200) throw new Error(`not revoked: ${revoked.text}`);
    await until("every door is shut", () => !isOpen.some(Boolean), LONGEST_MS).catch(() => 0);
    await sleep(WATCH_MS);
    isOver = true;
    await Promise.all(watchers);
    for (const [index, { name }] of doors.entries()) {
      const tookMs = Math.max(0, (lastOpenAt[index] ?? 0) - revokedAt);
      slowest.set(name, Math.max(slowest.get(name) ?? 0, isOpen[index] ? Infinity : tookMs));
    }
  }
  for (const [name, tookMs] of slowest) {
    stage.within(`revoked: last request let in by ${name}`, REVOKED_MS, tookMs, `${count} keys`);
  }
  const said = [...codes].join(", ");
  stage.check(
    "revoked: the reason told",
    "api_key_revoked",
    said === "api_key_revoked",
    `${count} keys`,
    said,
  );
}

async function rotateAll(
  size: SizeName,
  stage: Stage,
  rig: JobsRig,
  people: readonly Person[],
): Promise<void> {
  const keys = SIZES[size].rotated;
  const { userId, keys: own } = people.at(-1) as Person;
  const answers: JobsAnswer[] = [];
  let wrong = 0;
  for (let n = 0, key = own[0] ?? ""; n < keys; n++) {
    const ofKey = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        jobsClient(rig.replicas[at % 2]?.url ?? "")("POST", "/v1/keys/rotate", { key }),
      ),
    );
    answers.push(...ofKey);
    const good = ofKey.filter(({ status }) => status === 200);
    const { rows } = await rig.db.query(
      "SELECT 1 FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL",
      [userId],
    );
    if (good.length !== 1 || rows.length !== KEYS_OF_EACH) wrong++;
    key = String(good[0]?.body.api_key);
  }
  const count = `${keys} keys, 8 requests each`;
  stage.check("rotated at once: not exactly one new key", "0", wrong === 0, count, `${wrong}`);
  const others = answers.filter(({ status }) => status !== 200);
  const isTold = others.every(({ body }) => body.code === "api_key_revoked");
  stage.check(
    "rotated at once: the other answers",
    "api_key_revoked",
    isTold,
    count,
    tally(others),
  );
}
