/** Gateways killed while jobs are submitted, by clients with an Idempotency-Key and by clients without. */
import { type JobsAnswer, jobsClient, tally } from "../rig/jobs-client.ts";
import { sleep } from "../rig/waiting.ts";
import type { Stage } from "../scenario.ts";
import type { Door } from "./proxy.ts";
import type { ProxyRig } from "./rig.ts";

const KILLS = 6;
const EVERY_MS = 2500;
const TRIES = 100;
const PAUSE_MS = 200;

export async function killGateways(stage: Stage, rig: ProxyRig, door: Door): Promise<void> {
  await submitAndKill(stage, rig, door, "without");
  await submitAndKill(stage, rig, door, "with");
}

async function submitAndKill(
  stage: Stage,
  rig: ProxyRig,
  { url }: Door,
  mode: "with" | "without",
): Promise<void> {
  const ask = jobsClient(url);
  const lost: JobsAnswer[] = [];
  let isOver = false;
  let answered = 0;
  let sent = 0;
  const submit = async (key: string, name: string) => {
    const body = { image: "img", instance_type: "p5.48xlarge", command: `echo ${name}` };
    const once = mode === "with" ? { once: name } : {};
    for (let tries = 0; tries < (mode === "with" ? TRIES : 1); tries++) {
      const answer = await ask("POST", "/v1/jobs/submit", { key, ...once, body });
      if (answer.status === 200) return void answered++;
      lost.push(answer);
      await sleep(PAUSE_MS);
    }
  };
  const client = async (key: string) => {
    while (!isOver) await submit(key, `${mode}-${sent++}`);
  };
  const clients = rig.keys.map(client);
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(EVERY_MS);
    const place = kill % 2;
    const old = rig.gateways[place];
    old?.signal("SIGKILL");
    await old?.exited;
    await rig.startAnew(place);
  }
  await sleep(EVERY_MS);
  isOver = true;
  await Promise.all(clients);
  const { rows } = await rig.jobs.db.query<{ jobs: number; names: number }>(
    `SELECT count(*)::integer AS jobs, count(DISTINCT command)::integer AS names
     FROM reservations WHERE command LIKE $1`,
    [`echo ${mode}-%`],
  );
  const { jobs = 0, names = 0 } = rows[0] ?? {};
  const what = `kill -9, ${mode} Idempotency-Key`;
  const count = `${sent} submissions, ${KILLS} kills`;
  stage.check(`${what}: done twice`, "0", jobs === names, count, String(jobs - names));
  const result = `${jobs} rows, ${answered} answers; ${tally(lost)} on the way`;
  if (mode === "with") {
    stage.check(
      `${what}: rows`,
      "as many as answers",
      jobs === answered && jobs === sent,
      count,
      result,
    );
  } else {
    stage.note(`${what}: jobs whose client has no answer`, count, `${jobs - answered} (${result})`);
  }
}
