/** Jobs whose events are read: submitted by the API, run by a processor or by nobody, told of all the while, and ended. */
import { cancelWaitingJob, moveJob, type Queryable } from "@airlock/jobs-store";
import type { JobsRig } from "./jobs.ts";
import { jobsClient } from "./jobs-client.ts";
import type { Person } from "./jobs-people.ts";
import { sleep } from "./waiting.ts";

export type Submit = (person: Person) => Promise<string>;

const TELL_EVERY_MS = 20;

export const personOf = (people: readonly Person[], index: number): Person => {
  const person = people[index % people.length];
  if (!person) throw new Error("nobody is there");
  return person;
};

/** Real processes, or boxes for nobody. */
export function submitter(rig: JobsRig, isRun: boolean): Submit {
  const ask = jobsClient(rig.url);
  let sent = 0;
  return async ({ keys: [key = ""] }) => {
    // half of them end by themselves, the others when all is done
    const seconds = sent++ % 2 === 0 ? 30 + (sent % 90) : 3600;
    const command = isRun ? `sleep ${seconds}` : undefined;
    const { status, text, body } = await ask("POST", "/v1/jobs/submit", {
      key,
      body: {
        image: "registry.example.com/exits-0:1",
        instance_type: "p5.48xlarge",
        env_vars: { GPU_COUNT: "1" },
        ...(command && { command }),
      },
    });
    if (status !== 200) throw new Error(`${status} ${text}`);
    return String(body.job_id);
  };
}

/** As somebody does to whom something is always worth saying. @returns how often. */
export async function tell(
  db: Queryable,
  ids: readonly string[],
  goesOn: () => boolean,
): Promise<number> {
  let told = 0;
  for (let turn = 0; goesOn(); turn++) {
    const reservationId = ids[turn % ids.length] ?? "";
    const event = {
      kind: "progress",
      actor: "operator",
      data: { detail: `Word ${turn}.` },
    } as const;
    const from = ["queued", "preparing", "active"] as const;
    const moved = await moveJob(db, { reservationId, from, keepsLease: true, event }).catch(
      () => undefined,
    );
    if (moved) told++;
    await sleep(TELL_EVERY_MS);
  }
  return told;
}

/** What nobody runs is cancelled; what runs ends by itself. */
export async function endAll(
  db: Queryable,
  ids: readonly string[],
  people: readonly Person[],
  jobs: number,
  rig: JobsRig,
): Promise<void> {
  const ask = jobsClient(rig.url);
  for (const [index, reservationId] of ids.entries()) {
    if (await cancelWaitingJob(db, { reservationId, orderId: crypto.randomUUID() })) continue;
    const [key = ""] = personOf(people, index % jobs).keys;
    await ask("POST", `/v1/jobs/${reservationId}/cancel`, { key });
  }
}

export async function areOver(db: Queryable, ids: readonly string[]): Promise<boolean> {
  const sql = `SELECT count(*)::integer AS n FROM reservations WHERE reservation_id = ANY ($1) AND cleaned_at IS NULL`;
  return (await db.query<{ n: number }>(sql, [ids])).rows[0]?.n === 0;
}

/** The number of each job's last event, for which there is one of every number before it. */
export async function lastsOf(db: Queryable, ids: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ id: string; last: number; n: number; version: number }>(
    `SELECT reservation_id AS id, max(seq) AS last, count(*)::integer AS n, max(version) AS version
     FROM job_events JOIN reservations USING (reservation_id)
     WHERE reservation_id = ANY ($1) GROUP BY reservation_id`,
    [ids],
  );
  for (const { id, last, n, version } of rows) {
    if (last !== n || version !== last)
      throw new Error(`${id}: ${n} events, the last is ${last} of ${version}`);
  }
  return new Map(rows.map(({ id, last }) => [id, last]));
}
