/** Deploys under load: each process of both services replaced, again and again, while the balancers learn late. */
import { Load } from "../rig/load.ts";
import { type Pair, startPair } from "../rig/pair.ts";
import type { Exit, ServiceProcess } from "../rig/service-process.ts";
import { sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

/**
 * `own` is the share that the gateway answers by itself: new processes are slow at calling AWS. A shorter
 * drain delay has fewer connections, so that each has an answer in it that ends it.
 */
const SIZES = {
  test: {
    auxes: 2,
    rounds: 1,
    atLeast: 600,
    perSecond: 120,
    own: 0.9,
    drainSeconds: 2,
    connections: 8,
  },
  soak: {
    auxes: 3,
    rounds: 20,
    atLeast: 100_000,
    perSecond: 250,
    own: 0.75,
    drainSeconds: 5,
    connections: 64,
  },
} as const;
/** A small run shares its machine: the balancer's last connections may be this late. */
const SMALL_RUN_SLACK_MS = 250;
const FULL_DRAIN_SECONDS = 5;
/** Drain delay, then 15 s at most. */
const STOP_CAP_MS = 15_000;

interface Stop {
  readonly exit: Exit;
  /** From SIGTERM to exit. */
  readonly tookMs: number;
}

export const rollingRestart: Scenario = {
  name: "rolling-restart",
  how: "F12: 250 requests a second (120 in tests), a fifth of them on new connections, three quarters (nine tenths) of them answered by the gateway itself; 2 gateways and 3 aux (2) replaced one by one, both services at once, a new process first; each balancer goes on sending to a stopped process for the drain delay",
  run: runRollingRestart,
};

async function runRollingRestart(size: SizeName, stage: Stage): Promise<void> {
  const { auxes, rounds, atLeast, perSecond, own, drainSeconds, connections } = SIZES[size];
  const options = { gateways: 2, auxes, drainDelaySeconds: drainSeconds };
  const pair = await startPair(stage, options);
  const load = new Load({ url: pair.url, perSecond, own, newConnections: 0.2, connections });
  const stops: Stop[] = [];
  let round = 0;
  // restarts go on until there are enough requests, too: none is sent in peace
  while (round < rounds || load.sent < atLeast) {
    round++;
    await Promise.all([
      replaceAll(pair, "gateway", drainSeconds, stops),
      replaceAll(pair, "aux", drainSeconds, stops),
    ]);
    const { failed, entries } = load.ledger;
    stage.progress(`round ${round}: ${entries.length} answered, ${failed.length} not 2xx`);
  }
  const ledger = await load.stop();

  const count = `${ledger.entries.length} requests, ${round} rounds`;
  for (const entry of ledger.failed.slice(0, 10)) stage.progress(JSON.stringify(entry));
  stage.check("F12: requests that fail", "0", ledger.failed.length === 0, count, ledger.summary());
  const repeated = ledger.entries.filter(({ isRepeated }) => isRepeated).length;
  stage.check(
    "F12: requests sent again, as a kept connection was closed under them (RFC 9112 §9.3.1)",
    "≤ 0.1 %",
    repeated * 1000 <= ledger.entries.length,
    count,
    String(repeated),
  );
  const enough = ledger.entries.length >= atLeast;
  stage.check("F12: requests sent", `≥ ${atLeast}`, enough, count, String(ledger.entries.length));
  const unclean = stops.filter(({ exit }) => exit.code !== 0);
  stage.check(
    "F12: processes that exit with another code than 0",
    "0",
    unclean.length === 0,
    `${stops.length} processes`,
    unclean.map(({ exit }) => exit.code ?? exit.signal).join(", ") || "0",
  );
  const slowestMs = Math.max(...stops.map(({ tookMs }) => tookMs)) - drainSeconds * 1000;
  stage.check(
    "F12: exit after the drain delay",
    "≤ 15 s",
    slowestMs <= STOP_CAP_MS,
    `${stops.length} processes`,
    `${Math.round(slowestMs)} ms at most`,
  );
  await checkLedger(stage, "F12", ledger, pair);
}

/** Replaces each process of one service in turn, as a rolling update with maxUnavailable 0 does. */
export async function replaceAll(
  pair: Pair,
  name: "gateway" | "aux",
  drainSeconds: number,
  stops: Stop[],
): Promise<void> {
  const running = name === "gateway" ? pair.gateways : pair.auxes;
  const balancer = name === "gateway" ? pair.front : pair.middle;
  const slackMs = drainSeconds < FULL_DRAIN_SECONDS ? SMALL_RUN_SLACK_MS : 0;
  for (const old of running.slice()) {
    await (name === "gateway" ? pair.addGateway() : pair.addAux());
    running.splice(running.indexOf(old), 1);
    const startedAt = performance.now();
    old.signal("SIGTERM");
    const removed = balancer.removeAfter(old, drainSeconds * 1000 - slackMs);
    const exit = await exitOf(old, drainSeconds * 1000 + 2 * STOP_CAP_MS);
    stops.push({ exit, tookMs: performance.now() - startedAt });
    await removed;
  }
}

async function exitOf(old: ServiceProcess, limitMs: number): Promise<Exit> {
  const late: Exit = { code: null, signal: null };
  const limit = new AbortController();
  const exit = await Promise.race([
    old.exited,
    sleep(limitMs, late, { signal: limit.signal, ref: false }).catch(() => late),
  ]);
  limit.abort();
  return exit;
}
