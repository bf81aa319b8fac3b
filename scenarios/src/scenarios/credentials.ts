/** Sessions: none at the start, short ones under load, and STS gone in the middle of one. */
import { ask } from "../rig/ask.ts";
import { Load } from "../rig/load.ts";
import { NO_CACHE, prepare } from "../rig/pair.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

/** STS's return may fall right after an attempt that lasted its full time. */
const RECOVERY_MS = 2000;

export const stsDownAtStart: Scenario = {
  name: "sts-down-at-start",
  how: "F6: STS refuses from before aux starts; later it is back",
  async run(size: SizeName, stage: Stage) {
    const pair = await prepare(stage, { parameters: 0 });
    await pair.aws.faults({ kind: "stsDown" });
    const aux = await pair.addAux("/livez");
    await pair.addGateway();
    const downMs = size === "soak" ? 30_000 : 3000;
    await pair.aws.forgetCalls();
    await sleep(downMs);
    const calls = await pair.aws.calls("sts.AssumeRole");
    const ready = await ask(aux.url, "/readyz");
    const live = await ask(aux.url, "/livez");
    const refused = await ask(pair.url, "/config/my-parameter");
    stage.check(
      "F6: aux /livez and /readyz while STS is down",
      "200, 503",
      live.status === 200 && ready.status === 503,
      "2 probes",
      `${live.status}, ${ready.status}`,
    );
    stage.check(
      "F6: a request while STS is down",
      "503 credentials_unavailable, Retry-After",
      refused.status === 503 &&
        refused.headers["retry-after"] !== undefined &&
        refused.body.includes('"credentials_unavailable"'),
      "1 request",
      `${refused.status}`,
    );
    const seconds = downMs / 1000;
    stage.check(
      "F6: calls to STS",
      "≤ 1 a second",
      calls <= seconds + 1,
      `${seconds} s`,
      `${calls}`,
    );
    await pair.aws.faults();
    const answers = async () => (await ask(pair.url, "/config/my-parameter")).status === 200;
    const backMs = await until("a 200 once STS is back", answers, 30_000).catch(() => Infinity);
    stage.within("F6: first 200 once STS is back", RECOVERY_MS, backMs, "1 return");
    const isSame = !aux.hasExited;
    stage.check("F6: aux lives through it", "yes", isSame, "1 process", isSame ? "yes" : "no");
  },
};

const SHORT = {
  test: { sessionSeconds: 4, loadSeconds: 7, perSecond: 25, maxCalls: 8 },
  soak: { sessionSeconds: 20, loadSeconds: 60, perSecond: 100, maxCalls: 8 },
} as const;

export const shortSessions: Scenario = {
  name: "short-sessions",
  how: "sessions of 20 seconds under 100 requests a second for a minute (4 seconds under 25 for 7 s in tests)",
  async run(size: SizeName, stage: Stage) {
    const { sessionSeconds, loadSeconds, perSecond, maxCalls } = SHORT[size];
    const pair = await prepare(stage);
    await pair.aws.faults({ kind: "sessionSeconds", seconds: sessionSeconds });
    await pair.addAux();
    await pair.addGateway();
    const load = new Load({ url: pair.url, perSecond });
    await sleep(loadSeconds * 1000);
    const ledger = await load.stop();
    const calls = await pair.aws.calls("sts.AssumeRole");
    const count = `${ledger.entries.length} requests, ${loadSeconds} s`;
    const failed = ledger.failed.length;
    stage.check("short sessions: requests that fail", "0", failed === 0, count, ledger.summary());
    const limit = `≤ ${maxCalls}`;
    stage.check("short sessions: calls to STS", limit, calls <= maxCalls, count, String(calls));
    await checkLedger(stage, "short sessions", ledger, pair);
  },
};

const OUTAGE = {
  test: { sessionSeconds: 6, beyondSeconds: 1.5 },
  soak: { sessionSeconds: 30, beyondSeconds: 10 },
} as const;

export const stsDownAtRefresh: Scenario = {
  name: "sts-down-at-refresh",
  how: "F7: STS refuses from early in a session of 30 seconds (6 in tests) until after its end; 50 requests a second (25 in tests), with the cache off",
  async run(size: SizeName, stage: Stage) {
    const { sessionSeconds, beyondSeconds } = OUTAGE[size];
    const pair = await prepare(stage, { auxEnv: NO_CACHE });
    await pair.aws.faults({ kind: "sessionSeconds", seconds: sessionSeconds });
    const aux = await pair.addAux();
    const expiresAt = await expiryOf(aux.url);
    await pair.aws.faults({ kind: "stsDown" });
    await pair.aws.forgetCalls();
    await pair.addGateway();
    const load = new Load({ url: pair.url, perSecond: size === "soak" ? 50 : 25 });
    const loadBeganAt = Date.now() - load.elapsedMs;
    await sleep(expiresAt - Date.now());
    const callsInLife = await pair.aws.calls("sts.AssumeRole");
    await sleep(beyondSeconds * 1000);
    await pair.aws.faults();
    const backAtMs = load.elapsedMs;
    const { entries } = load.ledger;
    const isBack = () => entries.some((e) => e.status === 200 && e.startedAtMs > backAtMs);
    await until("a 200 once STS is back", isBack, 30_000).catch(() => 0);
    await sleep(500);
    const ledger = await load.stop();

    // a request may have begun before the end of the session and reached AWS after it
    const edgeMs = expiresAt - loadBeganAt;
    const early = entries.filter((e) => e.startedAtMs + e.tookMs < edgeMs);
    const failures = early.filter(({ status }) => status !== 200);
    for (const entry of failures.slice(0, 5)) stage.progress(JSON.stringify({ ...entry, edgeMs }));
    const failedEarly = failures.length;
    const count = `${early.length} requests`;
    stage.check(
      "F7: failures before the true expiry",
      "0",
      failedEarly === 0,
      count,
      `${failedEarly}`,
    );
    // and one that began before STS was back may be answered after it
    const after = entries.filter(
      (e) => e.startedAtMs > edgeMs + 100 && e.startedAtMs + e.tookMs < backAtMs,
    );
    const right = after.filter(
      ({ status, hasRetryAfter }) => status === 503 && hasRetryAfter,
    ).length;
    stage.check(
      "F7: answers between expiry and return: 503 with Retry-After",
      "all",
      right === after.length && after.length > 0,
      `${after.length} requests`,
      String(right),
    );
    const firsts = entries.filter((e) => e.status === 200 && e.startedAtMs > backAtMs);
    const recoveredMs = Math.min(...firsts.map((e) => e.startedAtMs + e.tookMs)) - backAtMs;
    stage.within("F7: first 200 once STS is back", RECOVERY_MS, recoveredMs, "1 return");
    const allowed = Math.ceil(sessionSeconds / 5) + 1;
    const promise = "≤ 1 each 5 s, and 1";
    stage.check(
      "F7: calls to STS before expiry",
      promise,
      callsInLife <= allowed,
      count,
      `${callsInLife}`,
    );
    await checkLedger(stage, "F7", ledger, pair);
  },
};

/** When the session of aux ends, in milliseconds since the epoch: STS promises whole seconds. */
async function expiryOf(url: string): Promise<number> {
  const health = JSON.parse((await ask(url, "/health")).body) as {
    aws_session?: { expires_at?: string };
  };
  const expiresAt = Date.parse(health.aws_session?.expires_at ?? "");
  if (Number.isNaN(expiresAt)) throw new Error("aux has no session");
  return Math.floor(expiresAt / 1000) * 1000;
}
