/** SSM's limit is one for the account: many reads through three auxes must cost few calls. */
import { ask, keepAlive } from "../rig/ask.ts";
import { Load } from "../rig/load.ts";
import { type Pair, plantedName, startPair } from "../rig/pair.ts";
import { sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

const AUXES = 3;
const HOT_NAMES = 50;
/** What SSM allows an account by default, for all reads of values together. */
const SSM_LIMIT = 40;
const SIZES = {
  test: { perSecond: 60, seconds: 4, freshSeconds: 2, cold: 200 },
  soak: { perSecond: 1000, seconds: 30, freshSeconds: 10, cold: 1000 },
} as const;
const COLD_PER_SECOND = 150;
const CLIENTS = 100;

export const parameterBudget: Scenario = {
  name: "parameter-budget",
  how: `SSM's limit of ${SSM_LIMIT} calls a second is on, three auxes: 1,000 reads a second of ${HOT_NAMES} names for 30 s (60 for 4 s in tests, with values fresh for 2 s instead of 10); then 1,000 (200) names that nobody has asked for, ${COLD_PER_SECOND} a second; then as many at once, of ${CLIENTS} clients`,
  async run(size: SizeName, stage: Stage) {
    const { cold, freshSeconds } = SIZES[size];
    const pair = await startPair(stage, {
      auxes: AUXES,
      parameters: HOT_NAMES + 2 * cold,
      auxEnv: { CACHE_FRESH_SECONDS: String(freshSeconds) },
      gatewayEnv: { TRUST_PROXY: "127.0.0.0/8" },
    });
    await pair.aws.faults({ kind: "sharedRate", perSecond: SSM_LIMIT });
    await hotReads(size, stage, pair);
    await sleep(1000);
    await coldReads(size, stage, pair);
    await sleep(1000);
    await coldCrowd(size, stage, pair);
  },
};

async function hotReads(size: SizeName, stage: Stage, pair: Pair): Promise<void> {
  const { perSecond, seconds, freshSeconds } = SIZES[size];
  await pair.aws.forgetCalls();
  const load = new Load({ url: pair.url, perSecond, parameters: HOT_NAMES, storage: 0 });
  await sleep(seconds * 1000);
  const ledger = await load.stop();
  const calls = await pair.aws.callsOf("ssm");
  const reads = ledger.entries.length;
  const count = `${reads} reads`;
  stage.check("hot: not 200", "0", ledger.failed.length === 0, count, ledger.summary());
  // few reads fill few batches: a small run may need twice the calls of full ones
  const rounds = 1 + seconds / freshSeconds;
  const twice = Math.ceil(((AUXES * HOT_NAMES) / 10) * rounds * 2);
  const allowed = size === "soak" ? (2 * reads) / 1000 : twice;
  const perThousand = ((calls / reads) * 1000).toFixed(2);
  stage.check(
    "hot: calls to SSM",
    size === "soak" ? "≤ 2 for 1,000 reads" : `≤ ${allowed}`,
    calls <= allowed,
    count,
    `${calls} (${perThousand} for 1,000 reads)`,
  );
  await checkLedger(stage, "hot", ledger, pair);
}

/** Every name once, at an even pace. */
async function coldReads(size: SizeName, stage: Stage, pair: Pair): Promise<void> {
  const names = SIZES[size].cold;
  await pair.aws.forgetCalls();
  const agent = keepAlive(64);
  const startedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: names }, async (_, n) => {
      await sleep(Math.max(0, (n / COLD_PER_SECOND) * 1000 - (performance.now() - startedAt)));
      return ask(pair.url, `/config/${plantedName(HOT_NAMES + n)}`, { agent });
    }),
  );
  agent.destroy();
  const calls = await pair.aws.callsOf("ssm");
  const count = `${names} names, ${COLD_PER_SECOND} a second`;
  const right = answers.filter(({ status }) => status === 200).length;
  stage.check("cold: 200", "all", right === names, count, statuses(answers));
  // a load that is late on a busy machine comes apart, and its calls with it
  const slack = size === "soak" ? 1.5 : 2.5;
  const allowed = Math.ceil((names / 10) * slack) + AUXES;
  stage.check(
    "cold: calls to SSM",
    `about names / 10, ≤ ${allowed}`,
    calls <= allowed,
    count,
    `${calls}`,
  );
}

/** Each client has a share of the gateway, so these are many. */
async function coldCrowd(size: SizeName, stage: Stage, pair: Pair): Promise<void> {
  const names = SIZES[size].cold;
  const first = HOT_NAMES + names;
  const answers = await Promise.all(
    Array.from({ length: names }, (_, n) => {
      const headers = { "x-forwarded-for": `192.0.2.${n % CLIENTS}` };
      return ask(pair.url, `/config/${plantedName(first + n)}`, { headers });
    }),
  );
  const count = `${names} names at once`;
  const wrong = answers.filter(
    ({ status, headers }) => status !== 200 && !(status === 503 && headers["retry-after"]),
  ).length;
  stage.check(
    "cold at once: neither 200 nor 503 with Retry-After",
    "0",
    wrong === 0,
    count,
    `${wrong}`,
  );
  stage.note("cold at once: outcomes", count, statuses(answers));
}

function statuses(answers: readonly { status: number }[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${status} × ${count}`).join(", ");
}
