/** From open to authenticated layers under load, and the keys and tokens rotated afterwards. */
import { ask } from "../rig/ask.ts";
import { playCluster } from "../rig/cluster.ts";
import { Load } from "../rig/load.ts";
import { type Pair, startPair } from "../rig/pair.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";
import { replaceAll } from "./rolling-restart.ts";

const SIZES = {
  test: { gateways: 1, perSecond: 30, drainSeconds: 1, settleMs: 300, rotations: 1 },
  soak: { gateways: 2, perSecond: 100, drainSeconds: 5, settleMs: 10_000, rotations: 3 },
} as const;
/** An unknown key makes aux read the issuer's keys, once in so many milliseconds at most. */
const KEY_PACE_MS = 31_000;

export const layerRollout: Scenario = {
  name: "layer-rollout",
  how: "2 gateways (1 in tests) and 2 aux under load: the gateway begins to send its proof, then aux goes from off to observe to enforce, each step a rolling restart; then the issuer's key is rotated and the token renewed",
  run: runLayerRollout,
};

async function runLayerRollout(size: SizeName, stage: Stage): Promise<void> {
  const { gateways, perSecond, drainSeconds, settleMs, rotations } = SIZES[size];
  const cluster = await playCluster(stage);
  const { issuer, renew } = cluster;
  const gatewayEnv: Record<string, string> = { LAYER_AUTH: "none" };
  const auxEnv: Record<string, string> = { ...cluster.auxEnv, LAYER_AUTH_MODE: "off" };
  const options = { gateways, auxes: 2, drainDelaySeconds: drainSeconds, gatewayEnv, auxEnv };
  const pair = await startPair(stage, options);
  const load = new Load({ url: pair.url, perSecond, own: 0, newConnections: 0.1 });
  const roll = async (name: "gateway" | "aux", text: string) => {
    await replaceAll(pair, name, drainSeconds, []);
    await sleep(settleMs);
    const { failed, entries } = load.ledger;
    stage.progress(`${text}: ${entries.length} answered, ${failed.length} not 2xx`);
  };
  await sleep(settleMs);

  Object.assign(gatewayEnv, cluster.gatewayEnv);
  await roll("gateway", "gateway sends its proof");
  auxEnv.LAYER_AUTH_MODE = "observe";
  await roll("aux", "aux observes");
  await checkDirectCalls(stage, pair, "observe", 200);
  auxEnv.LAYER_AUTH_MODE = "enforce";
  await roll("aux", "aux enforces");
  await checkDirectCalls(stage, pair, "enforce", 401);

  for (let rotation = 1; rotation <= rotations; rotation++) {
    if (rotation > 1) await sleep(KEY_PACE_MS);
    await issuer.rotate();
    await renew();
    await sleep(2000 + settleMs);
    issuer.dropOldKeys();
    stage.progress(`key rotated ${rotation} of ${rotations}: ${load.ledger.failed.length} not 2xx`);
  }
  const ledger = await load.stop();

  const count = `${ledger.entries.length} requests, 3 steps, ${rotations} rotation(s)`;
  for (const entry of ledger.failed.slice(0, 10)) stage.progress(JSON.stringify(entry));
  stage.check(
    "layer: legitimate requests that fail from off to enforce, and while keys rotate",
    "0",
    ledger.failed.length === 0,
    count,
    ledger.summary(),
  );
  await checkLedger(stage, "layer", ledger, pair);
}

/** Somebody who has no proof asks an aux directly. */
async function checkDirectCalls(
  stage: Stage,
  pair: Pair,
  mode: string,
  status: number,
): Promise<void> {
  const calls = 20;
  let right = 0;
  for (let n = 0; n < calls; n++) {
    const headers = { "x-airlock-caller": "somebody" };
    if ((await ask(pair.aux.url, "/parameters/my-parameter", { headers })).status === status)
      right++;
  }
  const isCounted = async () =>
    (await pair.aux.metric("airlock_layer_auth_checks_total", 'outcome="missing"')) >= calls;
  await until("the calls are counted", isCounted, 5000);
  stage.check(
    `layer: calls without proof in ${mode}`,
    `${status}, counted`,
    right === calls,
    `${calls} calls`,
    `${right} × ${status}`,
  );
}
