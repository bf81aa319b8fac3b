/** aux dies, hangs, is gone: one of three, and all of them. */
import { ask } from "../rig/ask.ts";
import { Load } from "../rig/load.ts";
import { type Pair, plantedName, startPair } from "../rig/pair.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

const SECONDS = { test: 2, soak: 20 } as const;
/** Less in tests: what is lost for want of a processor says nothing about faults. */
const KILLED_PER_SECOND = { test: 60, soak: 200 } as const;
const HUNG_PER_SECOND = { test: 40, soak: 100 } as const;
/** How often, and for how long, the balancer asks whether an aux is there. */
const WATCH_MS = 1000;
const ALIVE_MS = 500;

function watchAuxes(stage: Stage, pair: Pair): void {
  const isAlive = async (port: number) =>
    (await ask(`http://127.0.0.1:${port}`, "/livez", { limitMs: ALIVE_MS })).status === 200;
  pair.middle.watch(stage, isAlive, WATCH_MS);
}

export const auxKilled: Scenario = {
  name: "aux-killed",
  how: "F1: 200 requests a second (60 in tests), kill -9 of one aux of three; the balancer asks each aux every second",
  async run(size, stage) {
    const pair = await startPair(stage, { auxes: 3 });
    watchAuxes(stage, pair);
    const load = new Load({ url: pair.url, perSecond: KILLED_PER_SECOND[size] });
    await sleep(SECONDS[size] * 300);
    pair.aux.signal("SIGKILL");
    const killedAtMs = load.elapsedMs;
    await sleep(SECONDS[size] * 1000);
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    // a retry may be sent to the dead one again; of few requests one or two is more than 0.1 %
    const allowed = Math.max(2, ledger.entries.length / 1000);
    const isFew = ledger.failed.length <= allowed;
    stage.check("F1: requests that fail", "≤ 0.1 %, or 2", isFew, count, ledger.summary());
    const lastMs = Math.max(0, ...ledger.failed.map((e) => e.startedAtMs + e.tookMs - killedAtMs));
    stage.within("F1: last failure after the kill", 1000, lastMs, count);
    const retries = await pair.gateway.metric("airlock_upstream_retries_total");
    const retryShare = retries / ledger.entries.length;
    stage.check("F1: retries", "≤ 10 % of requests", retryShare <= 0.1, count, String(retries));
    await checkLedger(stage, "F1", ledger, pair, true);
  },
};

export const auxHung: Scenario = {
  name: "aux-hung",
  how: "F2: 100 requests a second (40 in tests), kill -STOP of one aux of three, later -CONT (in tests with bursts from then on); the balancer asks each aux every second",
  async run(size, stage) {
    const pair = await startPair(stage, { auxes: 3 });
    watchAuxes(stage, pair);
    const load = new Load({ url: pair.url, perSecond: HUNG_PER_SECOND[size] });
    await sleep(1500);
    pair.aux.signal("SIGSTOP");
    const stoppedAtMs = load.elapsedMs;
    await sleep(3000 + SECONDS[size] * 1000);
    pair.aux.signal("SIGCONT");
    // little traffic stays on the connections that it has until they are old: tests do not wait for that
    const begun: Promise<void>[] = [];
    const begin = () => void begun.push(burst(pair));
    const bursts = size === "test" ? setInterval(begin, WATCH_MS) : undefined;
    stage.defer(() => clearInterval(bursts));
    const readmittedMs = await untilUsed(pair);
    clearInterval(bursts);
    await Promise.all(begun);
    await sleep(1000);
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    const sinceStop = (startedAtMs: number) => startedAtMs - stoppedAtMs;
    const later = ledger.failed.filter((entry) => sinceStop(entry.startedAtMs) > 3000 * 5);
    const early = ledger.failed.filter((entry) => sinceStop(entry.startedAtMs) <= 3000);
    stage.note("F2: outcomes", count, ledger.summary());
    const duringFirst = ledger.entries.filter(
      ({ startedAtMs }) => sinceStop(startedAtMs) > 0 && sinceStop(startedAtMs) <= 3000,
    );
    const share = early.length / Math.max(1, duringFirst.length);
    stage.check(
      "F2: requests of the first 3 s that fail",
      "≤ 1/3",
      share <= 1 / 3,
      `${duringFirst.length} requests`,
      `${early.length} (${Math.round(share * 100)} %)`,
    );
    const lastMs = Math.max(0, ...ledger.failed.map((entry) => sinceStop(entry.startedAtMs)));
    stage.within("F2: last request that fails, after the stop", 3000, lastMs, count);
    stage.check("F2: failures long after", "0", later.length === 0, count, String(later.length));
    stage.within("F2: used again after -CONT", 10_000, readmittedMs, "1 aux");
    const running = await pair.gateway.metric("airlock_upstream_requests", 'state="running"');
    stage.check("F2: running calls at the end", "0", running === 0, "1 pool", String(running));
    await checkLedger(stage, "F2", ledger, pair);
  },
};

/** More values at once than there are connections for them. */
async function burst(pair: Pair): Promise<void> {
  const asked = Array.from({ length: 24 }, (_, n) => ask(pair.url, `/config/${plantedName(n)}`));
  await Promise.all(asked);
}

/** Until the first aux answers the gateway's requests again; its log tells. */
function untilUsed(pair: Pair): Promise<number> {
  const before = pair.aux.log.requests.filter(({ status }) => status === 200).length;
  const answered = () => pair.aux.log.requests.filter(({ status }) => status === 200).length;
  return until("the aux is used again", () => answered() > before, 50_000).catch(() => Infinity);
}

export const allHung: Scenario = {
  name: "all-hung",
  how: "F3: 20 requests a second, kill -STOP of every aux, later -CONT",
  async run(size: SizeName, stage: Stage) {
    const pair = await startPair(stage, { auxes: 2 });
    const livez: number[] = [];
    const asking = setInterval(() => {
      void ask(pair.gateway.url, "/livez", { limitMs: 5000 }).then((a) => livez.push(a.status));
    }, 100);
    stage.defer(() => clearInterval(asking));
    const rssBefore = await pair.gateway.rssBytes();
    const load = new Load({ url: pair.url, perSecond: 20, storage: 0 });
    // the better it went before, the longer it takes until half of the last ten seconds were bad
    await sleep(size === "soak" ? 10_000 : 500);
    for (const aux of pair.auxes) aux.signal("SIGSTOP");
    const stoppedAtMs = load.elapsedMs;
    await sleep(4500 + SECONDS[size] * 1000);
    for (const aux of pair.auxes) aux.signal("SIGCONT");
    const resumedAtMs = load.elapsedMs;
    const { entries } = load.ledger;
    await until(
      "a 200 after -CONT",
      () => entries.some((e) => e.status === 200 && e.startedAtMs > resumedAtMs),
      50_000,
    ).catch(() => 0);
    await sleep(500);
    const rssAfter = await pair.gateway.rssBytes();
    clearInterval(asking);
    const ledger = await load.stop();

    const count = `${ledger.entries.length} requests`;
    const hung = entries.filter((e) => e.startedAtMs >= stoppedAtMs && e.startedAtMs < resumedAtMs);
    const timeouts = hung.filter(({ status }) => status === 504);
    const refused = hung.filter(({ status }) => status === 503);
    const firstEndMs = Math.min(...timeouts.map((e) => e.startedAtMs + e.tookMs - stoppedAtMs));
    stage.note("F3: outcomes", count, ledger.summary());
    stage.within("F3: first 504", 3000, firstEndMs, `${timeouts.length} × 504`);
    const without = refused.filter(({ hasRetryAfter }) => !hasRetryAfter).length;
    stage.check(
      "F3: 503 without Retry-After",
      "0",
      without === 0 && refused.length > 0,
      `${refused.length} × 503`,
      String(without),
    );
    const waits = refused.map(({ tookMs }) => tookMs);
    stage.within("F3: half of the 503 in", 20, percentile(waits, 0.5), `${refused.length} × 503`);
    const openMs = Math.min(...refused.map((e) => e.startedAtMs - stoppedAtMs));
    stage.note(
      "F3: first 503",
      `${refused.length} × 503`,
      `${Math.round(openMs)} ms after the stop`,
    );
    const late = timeouts.filter((e) => e.startedAtMs - stoppedAtMs > openMs);
    stage.check(
      "F3: 504 once the breaker is open",
      "0",
      late.length === 0,
      `${hung.length} requests`,
      String(late.length),
    );
    const backMs = Math.min(
      ...entries
        .filter((e) => e.status === 200 && e.startedAtMs > resumedAtMs)
        .map((e) => e.startedAtMs + e.tookMs - resumedAtMs),
    );
    stage.within("F3: first 200 after -CONT", 10_000, backMs, "1 return");
    const badProbes = livez.filter((status) => status !== 200).length;
    const probes = `${livez.length} probes`;
    stage.check(
      "F3: gateway /livez that is not 200",
      "0",
      badProbes === 0,
      probes,
      String(badProbes),
    );
    const growth = (rssAfter - rssBefore) / 2 ** 20;
    stage.check(
      "F3: gateway's memory",
      "+ 50 MB at most",
      growth < 50,
      count,
      `${growth.toFixed(1)} MB`,
    );
    await checkLedger(stage, "F3", ledger, pair);
  },
};

export const auxGone: Scenario = {
  name: "aux-gone",
  how: "the one aux is stopped, and nothing listens there any more",
  async run(_size, stage) {
    const pair = await startPair(stage, { isDirect: true });
    pair.aux.signal("SIGTERM");
    await pair.aux.exited;
    const answers = [];
    for (let n = 0; n < 50; n++) answers.push(await ask(pair.url, "/config/my-parameter"));
    const good = answers.filter((a) => a.status === 503 && a.headers["retry-after"] !== undefined);
    stage.check(
      "aux stopped: 503 with Retry-After",
      "all",
      good.length === answers.length,
      `${answers.length} requests`,
      `${good.length}`,
    );
    const slowest = Math.max(...answers.map(({ tookMs }) => tookMs));
    stage.within("aux stopped: slowest 503", 1000, slowest, `${answers.length} requests`);
    const live = await ask(pair.gateway.url, "/livez");
    const ready = await ask(pair.gateway.url, "/readyz");
    stage.check(
      "aux stopped: gateway /livez and /readyz",
      "200, 200",
      live.status === 200 && ready.status === 200,
      "2 probes",
      `${live.status}, ${ready.status}`,
    );
  },
};
