/** One Idempotency-Key, a thousand submits at once over two replicas: one job. */
import { startJobs } from "../rig/jobs.ts";
import { type JobsAnswer, jobsClient, tally } from "../rig/jobs-client.ts";
import { addPerson } from "../rig/jobs-people.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const SIZES = {
  test: { submits: 200, rounds: 1 },
  soak: { submits: 1000, rounds: 10 },
} as const;
const JOB = { image: "img", instance_type: "p5.48xlarge", duration_hours: 1 };

export const jobsIdempotency: Scenario = {
  name: "jobs-idempotency",
  how: "1,000 submits at once with one Idempotency-Key (200 in tests), spread over two replicas of jobs; ten rounds, each with a key of its own (one); then each replica is asked once more",
  async run(size: SizeName, stage: Stage) {
    const { submits, rounds } = SIZES[size];
    const rig = await startJobs(stage);
    const { key } = await addPerson(rig.db);
    const submit = (url: string, once: string) =>
      jobsClient(url)("POST", "/v1/jobs/submit", { key, once, body: JOB });
    const answers: JobsAnswer[] = [];
    let different = 0;
    for (let round = 0; round < rounds; round++) {
      const once = `round-${round}`;
      // past the gateway, which takes only so many at once
      const crowd = Array.from({ length: submits }, () => submit(rig.jobsUrl, once));
      const ofRound = await Promise.all(crowd);
      for (const { url } of [...rig.replicas, rig]) ofRound.push(await submit(url, once));
      different += new Set(ofRound.map(({ text }) => text)).size - 1;
      answers.push(...ofRound);
    }
    const count = `${answers.length} submits, ${rounds} keys`;
    const good = answers.filter(({ status }) => status === 200).length;
    stage.check("200", "all", good === answers.length, count, tally(answers));
    stage.check("answers unlike the first", "0", different === 0, count, `${different}`);
    for (const [what, table] of [
      ["jobs", "reservations"],
      ["messages", "pgmq.q_gpu_reservations"],
    ] as const) {
      const { rows } = await rig.db.query<{ n: number }>(
        `SELECT count(*)::integer AS n FROM ${table}`,
      );
      const n = rows[0]?.n ?? 0;
      stage.check(what, "one for each key", n === rounds, count, `${n}`);
    }
    const shares = await Promise.all(
      rig.replicas.map((replica) => replica.metric("airlock_job_submissions_total")),
    );
    const isSpread = shares.every((share) => share > submits / 10);
    stage.check("submits at each replica", "some", isSpread, count, shares.join(", "));
  },
};
