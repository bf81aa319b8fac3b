/** AWS is slow, refuses, or hangs. */
import { ask } from "../rig/ask.ts";
import { Load, uncachedList } from "../rig/load.ts";
import { type Pair, startPair } from "../rig/pair.ts";
import { percentile, sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

/** aux lets so many calls run at once at each AWS service. */
const RUNNING = 20;
/**
 * Fewer requests a second in tests, whose machine has other tests to run. What aux refuses, it refuses
 * at once when its queue is full, and after its limit otherwise: `atOnce` is the share of the former.
 */
const SLOW = {
  soak: { delayMs: 400, times: 3, atOnce: 0.5 },
  test: { delayMs: 800, times: 5, atOnce: 0.1 },
} as const;

/** One of them alone would have no more than half of the places. */
const CLIENTS = 100;

export const slowAws: Scenario = {
  name: "slow-aws",
  how: `F4: S3 takes ${SLOW.soak.delayMs} ms more a call (${SLOW.test.delayMs} in tests), so that one aux can do ${(RUNNING * 1000) / SLOW.soak.delayMs} a second, at three times (five times) that load of ${CLIENTS} clients; lists of objects, which no cache answers`,
  async run(size: SizeName, stage: Stage) {
    const { delayMs, times, atOnce } = SLOW[size];
    const pair = await startPair(stage, { gatewayEnv: { TRUST_PROXY: "127.0.0.0/8" } });
    await pair.aws.faults({ kind: "slow", service: "s3", delayMs });
    const capacity = (RUNNING * 1000) / delayMs;
    const seconds = size === "soak" ? 30 : 4;
    const load = new Load({
      url: pair.url,
      perSecond: capacity * times,
      isUncached: true,
      connections: 500,
      addresses: CLIENTS,
    });
    await sleep(seconds * 1000);
    const elapsedS = load.elapsedMs / 1000;
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    const good = ledger.entries.filter(({ status }) => status === 200);
    const refused = ledger.entries.filter(({ status }) => status === 503);
    const others = ledger.entries.length - good.length - refused.length;
    stage.note("F4: outcomes", count, ledger.summary());
    stage.check("F4: neither 200 nor 503", "0", others === 0, count, String(others));
    // 90 % of what aux can do, as the time between two good answers
    const eachMs = (elapsedS * 1000) / good.length;
    stage.within("F4: a good answer every", 1000 / (capacity * 0.9), eachMs, count);
    const without = refused.filter(({ hasRetryAfter }) => !hasRetryAfter).length;
    const refusals = `${refused.length} × 503`;
    stage.check(
      "F4: 503 without Retry-After",
      "0, and some 503",
      without === 0 && refused.length > 0,
      refusals,
      String(without),
    );
    const waits = refused.map(({ tookMs }) => tookMs);
    const share = `${atOnce * 100} %`;
    stage.within(`F4: ${share} of the 503 in`, 50, percentile(waits, atOnce), refusals);
    await checkLedger(stage, "F4", ledger, pair);
  },
};

/** One retry turns 50 % into 75; fewer requests need more room for chance. */
const STORAGE_READS = {
  test: { total: 120, goodShare: 60, clients: 16 },
  soak: { total: 3000, goodShare: 70, clients: 8 },
} as const;

export const s3Faults: Scenario = {
  name: "s3-faults",
  how: "F11: S3 answers SlowDown to half of its calls, then hangs; parameters are read all the while",
  async run(size: SizeName, stage: Stage) {
    const pair = await startPair(stage);
    const calm = await configLatency(stage, pair, size, "calm");
    await pair.aws.faults({ kind: "slowDown", rate: 0.5 });
    const { total, goodShare, clients } = STORAGE_READS[size];
    const answers = await readStorage(pair, total, clients);
    // fewer now: what is measured is whether one route waits for the other, not a full machine
    const [slowDown] = await Promise.all([
      configLatency(stage, pair, size, "slow-down"),
      readStorage(pair, 20, 1),
    ]);
    const good = answers.filter(({ status }) => status === 200).length;
    const strange = answers.filter(({ status }) => status !== 200 && status !== 503).length;
    const share = Math.round((good / total) * 100);
    stage.check(
      "F11: /storage/{bucket} at 50 % SlowDown: 200",
      `≥ ${goodShare} %`,
      share >= goodShare,
      `${total} requests`,
      `${share} %`,
    );
    stage.check("F11: neither 200 nor 503", "0", strange === 0, `${total} requests`, `${strange}`);

    await pair.aws.faults({ kind: "hang", service: "s3" });
    const [hung, duringHang] = await Promise.all([
      Promise.all(
        Array.from({ length: 20 }, (_, n) => ask(pair.url, `/storage/airlock-data-dev/none-${n}`)),
      ),
      configLatency(stage, pair, size, "hang"),
    ]);
    const timeouts = hung.filter(({ status }) => status === 504).length;
    const statuses = [...new Set(hung.map(({ status }) => status))].join(", ");
    stage.check(
      "F11: objects while S3 hangs: 504",
      "all",
      timeouts === hung.length,
      "20 requests",
      statuses,
    );
    const slowest = Math.max(...hung.map(({ tookMs }) => tookMs));
    stage.within("F11: slowest 504", 5000, slowest, "20 requests");
    for (const [title, p99] of [
      ["50 % SlowDown", slowDown],
      ["S3 hangs", duringHang],
    ] as const) {
      stage.within(
        `F11: 99 % of /config/{name} at ${title}`,
        Math.max(20, calm * 1.2),
        p99,
        "40 a second",
      );
    }
  },
};

/** Lists objects, each time of another prefix, so that every request needs S3. */
async function readStorage(pair: Pair, total: number, clients: number) {
  const answers: { status: number }[] = [];
  let sent = 0;
  const client = async () => {
    while (sent < total) answers.push(await ask(pair.url, uncachedList(sent++).path));
  };
  await Promise.all(Array.from({ length: clients }, client));
  return answers;
}

/** The 99th percentile of parameter reads, all of which must be right. */
async function configLatency(stage: Stage, pair: Pair, size: SizeName, prefix: string) {
  const load = new Load({ url: pair.url, perSecond: 40, storage: 0, prefix });
  await sleep(size === "soak" ? 20_000 : 1500);
  const ledger = await load.stop();
  const failed = ledger.failed.length;
  const count = `${ledger.entries.length} requests`;
  stage.check(
    `F11: /config/{name} that fail (${prefix})`,
    "0",
    failed === 0,
    count,
    ledger.summary(),
  );
  return percentile(
    ledger.entries.map(({ tookMs }) => tookMs),
    0.99,
  );
}
