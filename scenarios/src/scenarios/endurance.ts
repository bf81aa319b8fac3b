/** Half an hour of everything at once: memory and handles must not grow, and nothing may stop. */
import { get } from "node:http";
import { ask } from "../rig/ask.ts";
import { Load } from "../rig/load.ts";
import { type Pair, plantedName, startPair } from "../rig/pair.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { percentile, sleep } from "../rig/waiting.ts";
import type { Scenario, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

let minutes = 30;
export const setEnduranceMinutes = (wanted: number): void => {
  minutes = wanted;
};

const SAMPLE_MS = 5000;
/** Caches and compiled code fill up for so long, and no longer than a third of the run. */
const WARM_UP_MS = 5 * 60_000;
const PER_SECOND = 60;

interface Sample {
  readonly atMinutes: number;
  readonly rssMb: number;
  readonly handles: number;
}

export const endurance: Scenario = {
  name: "endurance",
  how: `${PER_SECOND} good requests a second on kept and new connections, beside unknown and bad names, clients that leave, and a throttled AWS from time to time; memory and handles of each process every ${SAMPLE_MS / 1000} s (Linux only); heaps limited as in k8s/`,
  isSoakOnly: true,
  async run(_size, stage) {
    const pair = await startPair(stage, {
      gatewayEnv: { NODE_OPTIONS: "--max-old-space-size=216" },
      auxEnv: { NODE_OPTIONS: "--max-old-space-size=292" },
    });
    const services = [pair.gateway, pair.aux];
    const samples = new Map<ServiceProcess, Sample[]>(services.map((one) => [one, []]));
    const warmUpMs = Math.min(WARM_UP_MS, (minutes * 60_000) / 3);
    const livez: number[] = [];
    const load = new Load({ url: pair.url, perSecond: PER_SECOND, newConnections: 0.2 });
    const startedAt = performance.now();
    const isOver = () => performance.now() - startedAt > minutes * 60_000;
    const disturbing = disturb(pair, isOver);
    while (!isOver()) {
      await sleep(SAMPLE_MS);
      const elapsedMs = performance.now() - startedAt;
      for (const [service, taken] of samples) {
        const live = await ask(service.url, "/livez", { limitMs: 10_000 });
        livez.push(live.status === 200 ? live.tookMs : Number.POSITIVE_INFINITY);
        if (elapsedMs < warmUpMs) continue;
        const rssMb = (await service.rssBytes()) / 2 ** 20;
        taken.push({ atMinutes: elapsedMs / 60_000, rssMb, handles: await service.handles() });
      }
      if (Math.floor(elapsedMs / 60_000) !== Math.floor((elapsedMs - SAMPLE_MS) / 60_000)) {
        const sizes = services.map((s) => samples.get(s)?.at(-1)?.rssMb.toFixed(0) ?? "warming up");
        stage.progress(`minute ${Math.floor(elapsedMs / 60_000)}: ${load.sent} sent, MB ${sizes}`);
      }
    }
    await disturbing;
    const ledger = await load.stop();

    const count = `${minutes} min, ${ledger.entries.length} requests`;
    // AWS is throttled now and then: those requests are 503
    const wrong = ledger.failed.filter(({ code }) => code !== "aws_throttled").length;
    stage.check(
      "endurance: requests that fail without a fault",
      "0",
      wrong === 0,
      count,
      ledger.summary(),
    );
    for (const [service, taken] of samples) checkGrowth(stage, service.name, taken, count);
    const probes = `${livez.length} probes`;
    stage.within("endurance: slowest /livez", 1000, Math.max(...livez), probes);
    stage.within("endurance: 99 % of /livez", 100, percentile(livez, 0.99), probes);
    await checkLedger(stage, "endurance", ledger, pair);
  },
};

function checkGrowth(stage: Stage, name: string, samples: readonly Sample[], count: string): void {
  const slope = medianSlope(samples);
  const sizes = samples.map(({ rssMb }) => rssMb);
  const range = `${Math.min(...sizes).toFixed(0)}–${Math.max(...sizes).toFixed(0)} MB`;
  const result = `${slope.toFixed(2)} MB/min, ${range}`;
  stage.check(`endurance: memory of ${name}`, "< 1 MB/min", slope < 1, count, result);
  const third = Math.floor(samples.length / 3);
  const middle = (part: readonly Sample[]) =>
    percentile(
      part.map(({ handles }) => handles),
      0.5,
    );
  const [before, after] = [middle(samples.slice(0, third)), middle(samples.slice(-third))];
  const handles = `${before} → ${after}`;
  stage.check(`endurance: handles of ${name}`, "flat (± 10)", after <= before + 10, count, handles);
}

/** Theil and Sen's: the median of the slopes between samples, which a single collection cannot bend. */
function medianSlope(samples: readonly Sample[]): number {
  const slopes: number[] = [];
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 6)) {
      slopes.push((b.rssMb - a.rssMb) / (b.atMinutes - a.atMinutes));
    }
  }
  return percentile(slopes, 0.5);
}

/** What is not good traffic: errors of clients, clients that leave, AWS throttling for a second. */
async function disturb(pair: Pair, isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    await sleep(100);
    await ask(pair.url, n % 2 ? "/config/nothing-here" : "/config/a//b");
    const leaving = get(`${pair.url}/config/${plantedName(n % 200)}`, { agent: false });
    leaving.on("error", () => {});
    setTimeout(() => leaving.destroy(), n % 20);
    if (n % 50 === 0) await ask(pair.url, "/config");
    if (n % 600 === 599) {
      await pair.aws.faults({ kind: "throttle", service: "ssm" });
      await sleep(1000);
      await pair.aws.faults();
    }
  }
}
