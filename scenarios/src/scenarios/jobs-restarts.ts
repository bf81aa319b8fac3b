/** Jobs are submitted while Postgres is restarted in every way: what was accepted is there, once. */
import type { Queryable } from "@airlock/jobs-store";
import { type JobsRig, startJobs } from "../rig/jobs.ts";
import { type AskJobs, type JobsAnswer, jobsClient, tally } from "../rig/jobs-client.ts";
import { addPeople } from "../rig/jobs-people.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

const SIZES = {
  test: { submits: 160, restarts: 3 },
  soak: { submits: 20_000, restarts: 15 },
} as const;
const MODES = ["fast", "immediate", "kill"] as const;
const SENDERS = 16;
/** Between a refusal and the next try: shorter than Retry-After says, for more tries in an outage. */
const PAUSE_MS = 50;
/** For the first job that is accepted once the database is back. */
const RECOVERY_MS = 2000;

export const jobsRestarts: Scenario = {
  name: "jobs-restarts",
  how: `two replicas of jobs behind the gateway, ${SENDERS} clients submit 20,000 jobs (160 in tests) while Postgres is restarted 15 times (3): fast, immediate, kill -9; half of the submits have an Idempotency-Key and are sent until they are accepted`,
  run: runRestarts,
};

/** What came of the submits. */
class Submits {
  readonly answers: JobsAnswer[] = [];
  /** Ids of the jobs whose submit was answered 200. */
  readonly accepted: string[] = [];
  /** Submits that were sent until they were accepted. */
  insisted = 0;
  /** When the last answer of 200 came, by `performance.now()`. */
  acceptedAt = 0;

  add(answer: JobsAnswer): void {
    this.answers.push(answer);
    if (answer.status !== 200) return;
    this.accepted.push(String(answer.body.job_id));
    this.acceptedAt = performance.now();
  }
}

async function runRestarts(size: SizeName, stage: Stage): Promise<void> {
  const rig = await startJobs(stage);
  const submits = new Submits();
  let isOver = false;
  // one that insists goes on to its end, but not beyond the run's
  const goesOn = (isAsked: boolean) => !stage.hasEnded && (isAsked || !isOver);
  const ask = jobsClient(rig.url, (answer) => submits.add(answer));
  // each a user: one user's submits wait for each other, and not for ever
  const people = await addPeople(rig.db, SENDERS);
  const senders = people.map(({ keys: [key = ""] }, index) =>
    send(ask, key, submits, index % 2 === 0, goesOn),
  );
  const recoveries = await restartAll(size, stage, rig, submits);
  isOver = true;
  await Promise.all(senders);
  checkAnswers(stage, submits);
  await checkRows(stage, rig.db, submits);
  const count = `${recoveries.length} restarts`;
  const slowest = Math.max(...recoveries);
  stage.within("first job accepted once Postgres is back", RECOVERY_MS, slowest, count);
  stage.note("the same, median", count, duration(percentile(recoveries, 0.5)));
}

/** One client: a submit after the other, until the run is over. */
async function send(
  ask: AskJobs,
  key: string,
  submits: Submits,
  isInsisting: boolean,
  goesOn: (isAsked: boolean) => boolean,
): Promise<void> {
  const job = { image: "img", instance_type: "p5.48xlarge", duration_hours: 1 };
  const body = { ...job, command: isInsisting ? "insisted" : "asked once" };
  for (let once: string | undefined; goesOn(once !== undefined); ) {
    if (isInsisting) once ??= crypto.randomUUID();
    const { status } = await ask("POST", "/v1/jobs/submit", {
      key,
      body,
      ...(once !== undefined && { once }),
    });
    if (status !== 200) await sleep(PAUSE_MS);
    else if (once !== undefined) {
      submits.insisted++;
      once = undefined;
    }
  }
}

/** @returns for each restart the time from Postgres' return to the next accepted job. */
async function restartAll(
  size: SizeName,
  stage: Stage,
  rig: JobsRig,
  submits: Submits,
): Promise<number[]> {
  const { submits: total, restarts } = SIZES[size];
  const recoveries: number[] = [];
  const reach = (count: number) =>
    until(`${count} jobs`, () => submits.accepted.length >= count, 300_000);
  for (let n = 0; n < restarts; n++) {
    await reach((total / (restarts + 1)) * (n + 1));
    const mode = MODES[n % MODES.length] ?? "kill";
    await rig.postgres.restart(mode);
    const backAt = performance.now();
    await until("a job is accepted again", () => submits.acceptedAt > backAt, 30_000);
    recoveries.push(submits.acceptedAt - backAt);
    stage.progress(`${mode}: ${submits.accepted.length} jobs accepted`);
  }
  await reach(total);
  return recoveries;
}

function checkAnswers(stage: Stage, { answers }: Submits): void {
  const others = answers.filter(({ status }) => status !== 200);
  const wrong = others.filter(
    ({ status, headers }) => status !== 503 || !Number(headers.get("retry-after")),
  );
  for (const { status, text } of wrong.slice(0, 5)) stage.progress(`${status} ${text}`);
  const count = `${answers.length} submits`;
  stage.check(
    "answers that are neither 200 nor 503 with Retry-After",
    "0",
    wrong.length === 0,
    count,
    `${wrong.length}`,
  );
  stage.check(
    "the restarts were noticed",
    "some 503",
    others.length > 0,
    count,
    `${others.length} times`,
  );
  stage.note("answers", count, tally(answers));
}

interface Rows {
  /** Rows, and messages for each. */
  readonly jobs: ReadonlyMap<string, number>;
  /** Messages that have no row. */
  readonly orphans: number;
  /** Rows of submits that were sent until they were accepted. */
  readonly insisted: number;
}

async function checkRows(stage: Stage, db: Queryable, submits: Submits): Promise<void> {
  const { accepted, insisted } = submits;
  const found = await readRows(db);
  const count = `${accepted.length} accepted`;
  const lost = accepted.filter((id) => found.jobs.get(id) !== 1).length;
  const ids = new Set(accepted).size;
  const rows = [...found.jobs.values()];
  const halves = rows.filter((messages) => messages !== 1).length + found.orphans;
  stage.check(
    "accepted jobs without their row or their one message",
    "0",
    lost === 0,
    count,
    `${lost}`,
  );
  stage.check(
    "accepted jobs with an id of their own",
    "all",
    ids === accepted.length,
    count,
    `${ids}`,
  );
  stage.check(
    "rows without one message, and messages without a row",
    "0",
    halves === 0,
    `${rows.length} rows`,
    `${halves}`,
  );
  stage.check(
    "jobs of submits that were sent until they were accepted",
    "one for each",
    found.insisted === insisted,
    `${insisted} submits`,
    `${found.insisted}`,
  );
  // the commit went through, its answer did not: such a client cannot know
  stage.note("jobs that were written but answered 503", count, `${rows.length - ids}`);
}

async function readRows(db: Queryable): Promise<Rows> {
  const { rows } = await db.query<{ id: string | null; command: string; messages: number }>(
    `SELECT reservation_id AS id, reservations.command, count(msg_id)::integer AS messages
     FROM reservations
     FULL JOIN pgmq.q_gpu_reservations ON message->>'job_id' = reservation_id
     GROUP BY reservation_id, reservations.command`,
  );
  const jobs = new Map(rows.flatMap(({ id, messages }) => (id === null ? [] : [[id, messages]])));
  return {
    jobs,
    orphans: rows.find(({ id }) => id === null)?.messages ?? 0,
    insisted: rows.filter(({ command }) => command === "insisted").length,
  };
}
