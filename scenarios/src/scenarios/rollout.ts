/** From the direct route to the execution API and back, under load, and batches whose connections are lost. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { playCluster } from "../rig/cluster.ts";
import { signingEnv, startLambda } from "../rig/execution-api.ts";
import { type Pair, plantedName, prepare } from "../rig/pair.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const SIZES = {
  test: { callers: 200, losses: 50, slack: 8 },
  soak: { callers: 2000, losses: 1000, slack: 2 },
} as const;
const STEPS = [0, 10, 50, 100, 0];
const GATEWAYS = 2;
const AT_ONCE = 16;
/** What lies between the routes here is this machine, which other things keep busy. */
const ALLOWED_EXTRA_MS = "10000";

export const rollout: Scenario = {
  name: "rollout",
  how: "2 gateways between an aux and a Lambda behind the stand-in's execution API: 0, 10, 50, 100 and 0 % by the rollout file, each caller once at each gateway a step; then POST /config/batch by both routes at 50 %, one in five of the calls to the API losing its connection after the function has run",
  isSoakOnly: true,
  run: runRollout,
};

interface Rollout {
  readonly pair: Pair;
  readonly lambda: ServiceProcess;
  ask(percentage: number): Promise<void>;
}

async function runRollout(size: SizeName, stage: Stage): Promise<void> {
  const started = await start(stage);
  await moveOver(stage, started, SIZES[size]);
  await loseBatches(stage, started, SIZES[size].losses);
}

async function start(stage: Stage): Promise<Rollout> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-rollout-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "rollout.json");
  let attempt = 0;
  const write = async (percentage: number) => {
    await writeFile(`${file}.next`, JSON.stringify({ percentage, attempt: attempt++ }));
    await rename(`${file}.next`, file);
  };
  await write(0);
  const cluster = await playCluster(stage);
  const gatewayEnv: Record<string, string> = {
    ...cluster.gatewayEnv,
    ROLLOUT_FILE: file,
    ROLLOUT_ALLOWED_EXTRA_MS: ALLOWED_EXTRA_MS,
    TRUST_PROXY: "127.0.0.1",
  };
  const pair = await prepare(stage, { gatewayEnv, auxEnv: cluster.auxEnv });
  Object.assign(gatewayEnv, signingEnv(pair.localAws));
  const lambda = await startLambda(stage, pair.localAws);
  await pair.addAux();
  for (let n = 0; n < GATEWAYS; n++) await pair.addGateway();
  return {
    pair,
    lambda,
    async ask(percentage) {
      await write(percentage);
      await until(`${percentage} % at both gateways`, async () => {
        const all = pair.gateways.map((one) =>
          one.metric("airlock_rollout_percentage", 'state="in_use"'),
        );
        return (await Promise.all(all)).every((inUse) => inUse === percentage);
      });
    },
  };
}

async function moveOver(
  stage: Stage,
  { pair, lambda, ask }: Rollout,
  { callers, slack }: { readonly callers: number; readonly slack: number },
): Promise<void> {
  let failed = 0;
  let torn = 0;
  let movedBack = 0;
  let worst = 0;
  let before = new Set<string>();
  for (const [step, percentage] of STEPS.entries()) {
    await ask(percentage);
    const asked = Array.from({ length: callers * GATEWAYS }, (_, n) => n);
    const inTurn = async () => {
      for (let n = asked.pop(); n !== undefined; n = asked.pop()) {
        const caller = n % callers;
        const url = pair.gateways[Math.floor(n / callers)]?.url;
        const response = await fetch(`${url}/config/${plantedName(n % 200)}`, {
          headers: {
            "x-forwarded-for": `10.${caller >> 8}.${caller & 255}.7`,
            "x-request-id": `s${step}-${caller}-${n}`,
            // what nobody else has: who asks shares no call, and is seen by whoever answers
            "if-none-match": `"${n}"`,
          },
        });
        await response.arrayBuffer();
        if (response.status !== 200) failed++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, inTurn));
    await sleep(500); // the logs are written within a tenth of a second
    const [fresh, old] = [lambda, pair.aux].map((callee) => callersIn(callee, `s${step}-`));
    if (!fresh || !old) throw new Error("nobody was asked");
    const share = (100 * fresh.size) / (fresh.size + old.size);
    torn += [...fresh].filter((caller) => old.has(caller)).length;
    if (percentage > 0) movedBack += [...before].filter((caller) => !fresh.has(caller)).length;
    before = percentage > 0 ? fresh : new Set();
    worst = Math.max(worst, Math.abs(share - percentage));
    stage.progress(`${percentage} %: ${share.toFixed(2)} % of ${fresh.size + old.size} callers`);
  }
  const count = `${callers * GATEWAYS * STEPS.length} requests of ${callers} callers, 5 steps`;
  stage.check("rollout: requests that fail", "0", failed === 0, count, String(failed));
  const points = `${worst.toFixed(2)} points`;
  stage.check(
    "rollout: how far the share is from the percentage, at worst",
    `${slack} points`,
    worst <= slack,
    count,
    points,
  );
  stage.check("rollout: callers on both routes", "0", torn === 0, count, String(torn));
  stage.check("rollout: callers moved back", "0", movedBack === 0, count, String(movedBack));
}

const callersIn = ({ log }: ServiceProcess, prefix: string): Set<string> =>
  new Set(
    log.requests.flatMap(({ requestId }) =>
      requestId.startsWith(prefix) ? (requestId.split("-")[1] ?? []) : [],
    ),
  );

async function loseBatches(
  stage: Stage,
  { pair, lambda, ask }: Rollout,
  losses: number,
): Promise<void> {
  await pair.aws.faults({ kind: "lose", resource: "POST /parameters/batch", rate: 0.2 });
  const answered = new Set<string>();
  let sent = 0;
  let lost = 0;
  for (let turn = 0; lost < losses && turn < 10 * losses; turn++) {
    // so many failures are a reason to step back: it is asked for anew before that
    if (turn % 50 === 0) await ask(50);
    const ids = Array.from({ length: AT_ONCE }, () => `b-${sent++}`);
    const statuses = await Promise.all(ids.map((id, index) => sendBatch(pair, id, turn, index)));
    for (const [index, id] of ids.entries()) if (statuses[index] === 200) answered.add(id);
    const ran = timesIn(lambda);
    lost = sumOf(ran) - [...ran.keys()].filter((id) => answered.has(id)).length;
  }
  await sleep(500); // the logs are written within a tenth of a second
  const [fresh, old] = [timesIn(lambda), timesIn(pair.aux)];
  const both = [...fresh.keys()].filter((id) => old.has(id)).length;
  const most = Math.max(...fresh.values(), ...old.values());
  const count = `${lost} connections lost, ${sent} batches, ${answered.size} answered, ${sumOf(fresh)} calls by the API, ${sumOf(old)} directly`;
  const isEnough = lost >= losses;
  stage.check("rollout: batches on both routes", "0", isEnough && both === 0, count, String(both));
  stage.check("rollout: how often a batch was sent, at most", "2", most <= 2, count, String(most));
}

async function sendBatch(pair: Pair, id: string, turn: number, index: number): Promise<number> {
  const response = await fetch(`${pair.gateways[index % GATEWAYS]?.url}/config/batch`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-request-id": id,
      "x-forwarded-for": `10.${(turn >> 4) & 255}.${(turn & 15) * AT_ONCE + index}.7`,
    },
    body: JSON.stringify({ names: [plantedName(index)] }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** How often each batch came. */
function timesIn({ log }: ServiceProcess): Map<string, number> {
  const times = new Map<string, number>();
  for (const { requestId } of log.requests) {
    if (requestId.startsWith("b-")) times.set(requestId, (times.get(requestId) ?? 0) + 1);
  }
  return times;
}

const sumOf = (times: ReadonlyMap<string, number>): number =>
  [...times.values()].reduce((sum, count) => sum + count, 0);
