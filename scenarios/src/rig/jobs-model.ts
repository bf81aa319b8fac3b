/** What must hold of jobs once all of them are over, whatever happened meanwhile: each law, and how often it is broken. */
import type { Queryable } from "@airlock/jobs-store";
import type { Sent } from "./job-crowd.ts";
import type { JobsCluster } from "./jobs-cluster.ts";
import { podNameOf, QUEUE } from "./processors.ts";

export interface Law {
  readonly what: string;
  /** What breaks it; none when it is kept. */
  readonly broken: readonly string[];
}

export async function jobLaws(
  db: Queryable,
  cluster: Pick<JobsCluster, "madePods" | "left">,
  sent: Sent,
): Promise<Law[]> {
  const ids = async (sql: string, values: unknown[] = []): Promise<string[]> =>
    (await db.query<{ id: string }>(sql, values)).rows.map(({ id }) => id);
  const law = async (what: string, sql: string, values: unknown[] = []): Promise<Law> => ({
    what,
    broken: await ids(sql, values),
  });
  const { rows: jobs } = await db.query<{ id: string; status: string; is_cleaned: boolean }>(
    "SELECT reservation_id AS id, status, cleaned_at IS NOT NULL AS is_cleaned FROM reservations",
  );
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const accepted = [...sent.ends];
  const made = await cluster.madePods();
  const ran = accepted.filter(([id]) =>
    ["completed", "failed"].includes(byId.get(id)?.status ?? ""),
  );
  return [
    {
      what: "jobs that were lost",
      broken: accepted.filter(([id]) => byId.get(id)?.is_cleaned !== true).map(([id]) => id),
    },
    {
      what: "jobs that ended otherwise than they should",
      broken: accepted.flatMap(([id, end]) => {
        const job = byId.get(id);
        return job === undefined || job.status === end ? [] : [`${id} ${job.status}, not ${end}`];
      }),
    },
    {
      what: "pods that were created twice, by the API server's own log",
      broken: made.filter((name, index) => made.indexOf(name) !== index),
    },
    {
      what: "jobs that ended without a pod",
      broken: ran.map(([id]) => id).filter((id) => !made.includes(podNameOf(id))),
    },
    { what: "objects left in the cluster, of any kind", broken: await cluster.left() },
    await law(
      "bookings that are left",
      "SELECT pod_name AS id FROM job_pods WHERE released_at IS NULL",
    ),
    await law(
      "jobs that somebody holds still, or looks at again",
      "SELECT reservation_id AS id FROM reservations WHERE lease_token IS NOT NULL OR due_at IS NOT NULL",
    ),
    await law(
      "orders that wait still, are dead, or were at fault",
      `SELECT 'waits ' || msg_id AS id FROM pgmq.q_${QUEUE}
       UNION ALL SELECT 'dead ' || msg_id FROM dead_orders
       UNION ALL SELECT 'fault ' || msg_id FROM order_faults`,
    ),
    await law(
      "orders that are not in the archive, or more than once",
      `SELECT id FROM unnest($1::text[]) AS sent (id)
       LEFT JOIN pgmq.a_${QUEUE} ON message ->> 'order_id' = id
       GROUP BY id HAVING count(msg_id) <> 1`,
      [[...sent.orders]],
    ),
    await law(
      "orders that were carried out twice",
      `SELECT data ->> 'order_id' AS id FROM job_events WHERE data ? 'order_id'
       GROUP BY 1 HAVING count(*) > 1
       UNION ALL SELECT reservation_id FROM job_events WHERE kind = 'cancel_requested'
       GROUP BY 1 HAVING count(*) > 1
       UNION ALL SELECT reservation_id FROM reservations WHERE duration_hours <> 1 + (
         SELECT coalesce(sum((data ->> 'extension_hours')::double precision), 0) FROM job_events
         WHERE job_events.reservation_id = reservations.reservation_id AND kind = 'extended')`,
    ),
    await law(
      "gaps in the numbers of events",
      `SELECT reservation_id AS id FROM reservations LEFT JOIN job_events USING (reservation_id)
       GROUP BY reservation_id, version
       HAVING count(seq) <> version OR min(seq) <> 1 OR max(seq) <> version`,
    ),
  ];
}

/** What holds at any moment: nodes of which more is booked than they have. */
export async function overbooked(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `SELECT node_name || ' ' || sum(job_pods.gpus) AS id FROM job_pods JOIN nodes USING (node_name)
     WHERE released_at IS NULL GROUP BY node_name, nodes.gpus HAVING sum(job_pods.gpus) > nodes.gpus`,
  );
  return rows.map(({ id }) => id);
}
