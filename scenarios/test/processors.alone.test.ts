/** Processors as processes: killed and stopped with jobs in their hands; and whoever judges them finds what is planted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { throughCarelessRelay } from "../src/rig/careless-relay.ts";
import { startPlayedCluster } from "../src/rig/jobs-cluster.ts";
import { jobLaws } from "../src/rig/jobs-model.ts";
import { podNameOf, QUEUE, startProcessors } from "../src/rig/processors.ts";
import { until } from "../src/rig/waiting.ts";
import { Stage } from "../src/scenario.ts";
import { type KillRun, killProcessors, SIZES } from "../src/scenarios/processor-kills.ts";

const LIMIT_MS = 180_000;
const JOB = "job-00000001";
const ORDERED = "job-00000003";
const NAME = { metadata: { name: "left" } };
const POD = {
  metadata: { name: podNameOf(JOB) },
  spec: { containers: [{ name: "job", image: "example.com/image:1" }] },
};

/** What is done to a run that went well, and the law that it breaks. */
const PLANTED: readonly (readonly [law: RegExp, plant: (run: KillRun) => Promise<unknown>])[] = [
  [/lost/, sql(`UPDATE reservations SET cleaned_at = NULL WHERE reservation_id = '${JOB}'`)],
  [/otherwise/, ({ sent }) => Promise.resolve(sent.ends.set(JOB, "failed"))],
  [
    /created twice/,
    async ({ cluster }) => {
      const pods = `/api/v1/namespaces/${cluster.namespace}/pods`;
      await cluster.call("POST", pods, POD);
      await cluster.call("DELETE", `${pods}/${POD.metadata.name}`, { gracePeriodSeconds: 0 });
    },
  ],
  [
    /left in the cluster/,
    ({ cluster }) => cluster.call("POST", `/api/v1/namespaces/${cluster.namespace}/secrets`, NAME),
  ],
  [/bookings/, sql(`UPDATE job_pods SET released_at = NULL WHERE reservation_id = '${JOB}'`)],
  [
    /holds still/,
    sql(
      `UPDATE reservations SET lease_token = gen_random_uuid(), lease_until = now() WHERE reservation_id = '${JOB}'`,
    ),
  ],
  [/wait still/, sql(`SELECT pgmq.send('${QUEUE}', '{}'::jsonb)`)],
  [
    /archive/,
    sql(
      `DELETE FROM pgmq.a_${QUEUE} WHERE message ->> 'action' = 'cancel' AND message ->> 'job_id' = '${ORDERED}'`,
    ),
  ],
  [
    /carried out twice/,
    sql(`WITH next AS (UPDATE reservations SET version = version + 1 WHERE reservation_id = '${ORDERED}' RETURNING *)
      INSERT INTO job_events (reservation_id, seq, kind, actor, data)
      SELECT job_events.reservation_id, version, kind, actor, data FROM job_events JOIN next USING (reservation_id)
      WHERE kind = 'cancel_requested'`),
  ],
  [/gaps/, sql(`DELETE FROM job_events WHERE reservation_id = '${JOB}' AND seq = 2`)],
  [/without a pod/, async ({ cluster }) => Object.assign(cluster, { madePods: async () => [] })],
];

function sql(text: string) {
  return ({ rig }: KillRun) => rig.store.pool.query(text);
}

test("killed and stopped processors lose nothing and do nothing twice; and each law finds what is planted then", {
  timeout: LIMIT_MS,
}, async (t) => {
  const stage = new Stage((text) => t.diagnostic(text));
  t.after(() => stage.end());
  const run = await killProcessors(stage, SIZES.test);
  assert.deepEqual(stage.broken, []);
  const known = new Set<string>();
  for (const [law, plant] of PLANTED) {
    await plant(run);
    const laws = await jobLaws(run.rig.store.pool, run.cluster, run.sent);
    const broken = laws.filter(({ broken }) => broken.length > 0).map(({ what }) => what);
    const found = broken.filter((what) => !known.has(what));
    assert.ok(
      found.some((what) => law.test(what)),
      `${law} is not among ${found}`,
    );
    for (const what of found) known.add(what);
  }
});

test("processors that make a pod anew when they find one are found out", async (t) => {
  const stage = new Stage(() => {});
  t.after(() => stage.end());
  const cluster = await startPlayedCluster(stage, { nodes: 2 });
  const careless = await throughCarelessRelay(stage, cluster);
  const rig = await startProcessors(stage, careless, 2);
  await cluster.setFaults([{ fault: "lostAnswer", verb: "create", kind: "pods", count: 2 }]);
  await rig.startOne();
  for (const jobId of ["job-00000001", "job-00000002"]) {
    await rig.submit({ jobId, command: "exit 0", gpus: 1 });
  }
  const sent = { ends: new Map(), orders: new Set<string>() };
  const isFound = async () =>
    (await jobLaws(rig.store.pool, cluster, sent)).some(
      ({ what, broken }) => /created twice/.test(what) && broken.length > 0,
    );
  await until("it is found", isFound, 30_000, 100);
});
