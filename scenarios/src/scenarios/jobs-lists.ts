/** Lists of many jobs, read by cursor while others are added; and jobs that belong to others. */
import type { Queryable } from "@airlock/jobs-store";
import { type JobsRig, startJobs } from "../rig/jobs.ts";
import { type AskJobs, type JobsAnswer, jobsClient, tally } from "../rig/jobs-client.ts";
import { addPeople, type Person } from "../rig/jobs-people.ts";
import { percentile, sleep } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

const SIZES = {
  test: { jobs: 2000, users: 20, readers: 3, strangers: 5 },
  soak: { jobs: 100_000, users: 1000, readers: 10, strangers: 100 },
} as const;
/** Sizes of pages, in turn. */
const LIMITS = [50, 7, 20];
const EVERY_MS = 20;

export const jobsLists: Scenario = {
  name: "jobs-lists",
  how: "100,000 jobs of 1,000 users (2,000 of 20 in tests), a tenth of them the first user's, ten to a millisecond; ten users (three) read their lists page by page through two replicas while jobs are added for all of them, by SQL and by submits; then jobs of others are asked for, by every verb",
  async run(size: SizeName, stage: Stage) {
    const { jobs, users } = SIZES[size];
    const rig = await startJobs(stage);
    const people = await addPeople(rig.db, users);
    await insertJobs(rig.db, people, 1, jobs);
    await rig.db.query("ANALYZE reservations");
    await readLists(size, stage, rig, people);
    await askForForeign(size, stage, rig, people);
  },
};

/** Every tenth job is the first user's, the others go round. */
export async function insertJobs(
  db: Queryable,
  people: readonly Person[],
  first: number,
  count: number,
): Promise<void> {
  await db.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name, launched_at, expires_at, reservation_ended, created_at)
     SELECT substr(md5(n::text), 1, 12) || '-' || n,
       ($1::integer[])[CASE n % 10 WHEN 0 THEN 1 ELSE 1 + (n - n / 10) % array_length($1, 1) END],
       (ARRAY['active', 'failed', 'expired', 'cancelled'])[1 + n % 4],
       'img', 'h100', 1, 'p5.48xlarge', 1, 'gpu-dev-' || n, now(), now(),
       CASE n % 4 WHEN 0 THEN NULL ELSE now() END,
       date_trunc('day', now()) + (n / 10) * interval '1 millisecond'
     FROM generate_series($2::integer, $3::integer) n`,
    [people.map(({ userId }) => userId), first, first + count - 1],
  );
}

/** @throws Error for a user without jobs, of whom nothing could be learned. */
async function idsOf(db: Queryable, { userId, username }: Person): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT reservation_id AS id FROM reservations WHERE user_id = $1
     ORDER BY created_at DESC, reservation_id DESC`,
    [userId],
  );
  if (rows.length === 0) throw new Error(`${username} has no jobs`);
  return rows.map(({ id }) => id);
}

interface Reading {
  readonly ids: readonly string[];
  readonly pages: number;
  /** The first answer that was not 200. */
  readonly refused?: JobsAnswer;
}

async function readList(
  ask: AskJobs,
  person: Person,
  limit: number,
  tookMs: number[],
): Promise<Reading> {
  const ids: string[] = [];
  let cursor: unknown;
  for (let pages = 1; ; pages++) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (typeof cursor === "string") query.set("cursor", cursor);
    const startedAt = performance.now();
    const answer = await ask("GET", `/v1/jobs?${query}`, { key: person.keys[0] ?? "" });
    tookMs.push(performance.now() - startedAt);
    if (answer.status !== 200) return { ids, pages, refused: answer };
    const { jobs, next_cursor } = answer.body as {
      jobs: { job_id: string }[];
      next_cursor: string | null;
    };
    ids.push(...jobs.map(({ job_id }) => job_id));
    if (next_cursor === null) return { ids, pages };
    cursor = next_cursor;
  }
}

async function readLists(
  size: SizeName,
  stage: Stage,
  rig: JobsRig,
  people: readonly Person[],
): Promise<void> {
  const { jobs, users, readers } = SIZES[size];
  const ask = jobsClient(rig.url);
  // the first user has the longest list, and is among the readers
  const chosen = Array.from(
    { length: readers },
    (_, n) => people[Math.floor((n * users) / readers)] as Person,
  );
  const expected = await Promise.all(chosen.map((person) => idsOf(rig.db, person)));
  const adding = addMeanwhile(rig, people, jobs + 1);
  const tookMs: number[] = [];
  const readings = await Promise.all(
    chosen.map((person, n) => readList(ask, person, LIMITS[n % LIMITS.length] ?? 50, tookMs)),
  );
  const added = await adding.stop();
  checkReadings(stage, readings, expected, added);
  const count = `${tookMs.length} pages, ${jobs} jobs in all`;
  const times = [0.5, 0.95, 1].map((share) => duration(percentile(tookMs, share)));
  stage.note("time of a page: median, 95 %, longest", count, times.join(", "));
}

function checkReadings(
  stage: Stage,
  readings: readonly Reading[],
  expected: readonly (readonly string[])[],
  added: Added,
): void {
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const pages = sum(readings.map((reading) => reading.pages));
  const length = sum(expected.map((ids) => ids.length));
  const count = `${readings.length} lists, ${length} jobs, ${pages} pages`;
  const refused = readings.flatMap(({ refused }) => refused ?? []);
  stage.check("pages that are not 200", "0", refused.length === 0, count, tally(refused));
  const wrong = readings.filter(({ ids }, n) => {
    // what was added is newer, so it stands before the rest or has come too late
    const old = new Set(expected[n]);
    const first = ids.findIndex((id) => old.has(id));
    return ids.slice(first).join() !== expected[n]?.join() || new Set(ids).size !== ids.length;
  }).length;
  stage.check("lists that miss, repeat or misplace a job", "0", wrong === 0, count, `${wrong}`);
  stage.check(
    "jobs added meanwhile",
    "some, by SQL and by submits",
    added.bySql > 0 && added.submitted > 0 && added.refused.length === 0,
    count,
    `${added.bySql} by SQL, ${added.submitted} by submits, refused: ${tally(added.refused)}`,
  );
}

interface Added {
  readonly bySql: number;
  readonly submitted: number;
  readonly refused: readonly JobsAnswer[];
}

/** Goes on adding jobs, at least one round of them, until it is stopped. */
function addMeanwhile(
  rig: JobsRig,
  people: readonly Person[],
  firstNumber: number,
): { stop(): Promise<Added> } {
  const ask = jobsClient(rig.url);
  const body = { image: "img", instance_type: "p5.48xlarge", duration_hours: 1 };
  let isOver = false;
  const running = (async (): Promise<Added> => {
    const refused: JobsAnswer[] = [];
    let [bySql, submitted] = [0, 0];
    for (let round = 0; round === 0 || !isOver; round++) {
      await insertJobs(rig.db, people, firstNumber + bySql, people.length);
      bySql += people.length;
      const { keys } = people[round % people.length] as Person;
      const answer = await ask("POST", "/v1/jobs/submit", { key: keys[0] ?? "", body });
      if (answer.status === 200) submitted++;
      else refused.push(answer);
      await sleep(EVERY_MS);
    }
    return { bySql, submitted, refused };
  })();
  return {
    stop() {
      isOver = true;
      return running;
    },
  };
}

const VERBS = [
  ["GET", "", undefined],
  ["POST", "/cancel", undefined],
  ["POST", "/extend", { extension_hours: 1 }],
  ["POST", "/jupyter/enable", undefined],
  ["POST", "/jupyter/disable", undefined],
  ["POST", "/users", { github_username: "octocat" }],
] as const;

/** Everybody asks for the job of a neighbour, whole and by the beginning of its id. */
async function askForForeign(
  size: SizeName,
  stage: Stage,
  rig: JobsRig,
  people: readonly Person[],
): Promise<void> {
  const ask = jobsClient(rig.url);
  const before = await traces(rig.db);
  const answers: JobsAnswer[] = [];
  const never: JobsAnswer[] = [];
  for (let n = 0; n < SIZES[size].strangers; n++) {
    const [key = ""] = people[n]?.keys ?? [];
    const [foreign = ""] = await idsOf(rig.db, people[n + 1] as Person);
    for (const [method, verb, body] of VERBS) {
      const send = (id: string) =>
        ask(method, `/v1/jobs/${id}${verb}`, { key, ...(body && { body }) });
      answers.push(await send(foreign), await send(foreign.slice(0, 10)));
      never.push(await send("0never0there0"));
    }
  }
  const all = [...answers, ...never];
  const count = `${all.length} requests, ${VERBS.length} verbs`;
  const wrong = all.filter(({ status, body }) => status !== 404 || body.code !== "job_not_found");
  stage.check("a job of somebody else", "404", wrong.length === 0, count, tally(all));
  const after = await traces(rig.db);
  stage.check("what it changes in rows and queues", "nothing", before === after, count, after);
}

/** The latest change of any job, and how many messages there are. */
async function traces(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ jobs: number; updated: string; messages: number }>(
    `SELECT count(*)::integer AS jobs, max(updated_at)::text AS updated,
       (SELECT count(*)::integer FROM pgmq.q_gpu_reservations) AS messages
     FROM reservations`,
  );
  const { jobs, updated, messages } = rows[0] ?? {};
  return `${jobs} jobs, ${messages} messages, last change ${updated}`;
}
