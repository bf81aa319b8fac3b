/** SSM refuses everything for a minute: who knew a value keeps it; one noisy caller harms no other. */
import { ask } from "../rig/ask.ts";
import { playCluster } from "../rig/cluster.ts";
import { Load } from "../rig/load.ts";
import { plantedName, startPair } from "../rig/pair.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const HOT_NAMES = 20;
const SIZES = {
  test: { seconds: 3, freshSeconds: 1, perSecond: 50, noisySeconds: 3 },
  soak: { seconds: 60, freshSeconds: 10, perSecond: 100, noisySeconds: 20 },
} as const;

export const throttled: Scenario = {
  name: "throttled",
  how: `F10: every call to SSM is a ThrottlingException for 60 s (3 in tests, with values fresh for 1 s instead of 10), while ${HOT_NAMES} known names are read 100 (50) times a second, and unknown ones now and then`,
  async run(size: SizeName, stage: Stage) {
    const { seconds, freshSeconds, perSecond } = SIZES[size];
    const env = { CACHE_FRESH_SECONDS: String(freshSeconds) };
    const pair = await startPair(stage, { auxEnv: env });
    const hotName = (n: number) => `/config/${plantedName(n % HOT_NAMES)}`;
    for (let n = 0; n < HOT_NAMES; n++) await ask(pair.url, hotName(n));
    await pair.aws.faults({ kind: "throttle", service: "ssm" });
    await sleep(freshSeconds * 1000 + 500);

    const caches = new Map<string, number>();
    const cold: { status: number; hasRetryAfter: boolean }[] = [];
    const endsAt = performance.now() + seconds * 1000;
    const load = new Load({ url: pair.url, perSecond, parameters: HOT_NAMES, storage: 0 });
    for (let n = 0; performance.now() < endsAt; n++) {
      const { headers } = await ask(pair.url, hotName(n));
      const state = String(headers["x-cache"]);
      caches.set(state, (caches.get(state) ?? 0) + 1);
      const asked = await ask(pair.url, `/config/${plantedName(HOT_NAMES + (n % 100))}`);
      const hasRetryAfter = asked.headers["retry-after"] !== undefined;
      cold.push({ status: asked.status, hasRetryAfter });
      await sleep(100);
    }
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    stage.check("hot names: not 200", "0", ledger.failed.length === 0, count, ledger.summary());
    const states = [...caches].map(([state, times]) => `${state} × ${times}`).join(", ");
    stage.check(
      "hot names: x-cache",
      "stale",
      caches.size === 1 && caches.has("stale"),
      `${cold.length} requests`,
      states,
    );
    const refused = cold.filter(({ status, hasRetryAfter }) => status === 503 && hasRetryAfter);
    stage.check(
      "cold names: 503 with Retry-After",
      "all",
      refused.length === cold.length,
      `${cold.length} requests`,
      `${refused.length}`,
    );
    await pair.aws.faults();
    const isFresh = async () => {
      const { status, headers } = await ask(pair.url, hotName(1));
      return status === 200 && ["hit", "miss"].includes(String(headers["x-cache"]));
    };
    const freshMs = await until("fresh again", isFresh, 60_000, 100).catch(() => Infinity);
    stage.within("fresh again after it", 5000, freshMs, "1 name");
    const again = await ask(pair.url, `/config/${plantedName(HOT_NAMES)}`);
    stage.check(
      "a cold name after it",
      "200",
      again.status === 200,
      "1 request",
      `${again.status}`,
    );
  },
};

const NOISY_PER_SECOND = { test: 60, soak: 200 } as const;

export const noisyCaller: Scenario = {
  name: "noisy-caller",
  how: "two callers with tokens of their own; one asks for names that do not exist, each once, 200 (60 in tests) a second, which is more than SSM's budget; the other for a cold name now and then",
  async run(size: SizeName, stage: Stage) {
    const cluster = await playCluster(stage);
    const pair = await startPair(stage, {
      parameters: 400,
      auxEnv: { ...cluster.auxEnv, SSM_CALLS_PER_SECOND: size === "soak" ? "10" : "3" },
      gatewayEnv: {
        ...cluster.gatewayEnv,
        GATEWAY_AUTH: "jwt",
        GATEWAY_JWT_ISSUER: cluster.issuer.issuer,
        GATEWAY_JWT_JWKS_TOKEN_FILE: cluster.issuer.readerTokenFile,
        GATEWAY_JWT_AUDIENCE: "airlock",
      },
    });
    const headersOf = async (sub: string) => ({
      authorization: `Bearer ${await cluster.issuer.mint({ sub, aud: "airlock" })}`,
    });
    const [noisy, quiet] = [await headersOf("noisy"), await headersOf("quiet")];
    const tookMs: number[] = [];
    let failed = 0;
    const endsAt = performance.now() + SIZES[size].noisySeconds * 1000;
    const noise: Promise<{ status: number }>[] = [];
    const timer = setInterval(() => {
      noise.push(ask(pair.url, `/config/noise/n-${noise.length}`, { headers: noisy }));
    }, 1000 / NOISY_PER_SECOND[size]);
    await sleep(500);
    for (let n = 0; performance.now() < endsAt; n++) {
      const asked = await ask(pair.url, `/config/${plantedName(n)}`, { headers: quiet });
      if (asked.status !== 200) failed++;
      tookMs.push(asked.tookMs);
      await sleep(200);
    }
    clearInterval(timer);
    const answers = await Promise.all(noise);
    const count = `${tookMs.length} requests beside ${answers.length}`;
    stage.check("the quiet caller: not 200", "0", failed === 0, count, String(failed));
    stage.within("the quiet caller: half of the answers", 600, percentile(tookMs, 0.5), count);
    const strange = answers.filter(({ status }) => status !== 404 && status !== 503).length;
    stage.check("the noisy one: neither 404 nor 503", "0", strange === 0, count, String(strange));
  },
};
