/** Each gateway stopped and started anew under load: the proxy has to learn of it before the drain delay is over. */
import { Load } from "../rig/load.ts";
import { sleep } from "../rig/waiting.ts";
import type { Stage } from "../scenario.ts";
import type { Door } from "./proxy.ts";
import type { ProxyRig } from "./rig.ts";

/** Until it is sure to be sent requests again. */
const BACK_MS = 6000;
const ROUNDS = 2;

export async function restartGateways(stage: Stage, rig: ProxyRig, { url }: Door): Promise<void> {
  const load = new Load({
    url,
    perSecond: 100,
    own: 0.5,
    newConnections: 0.2,
    storage: 0,
    connections: 32,
  });
  const codes: (number | null)[] = [];
  for (let n = 0; n < 2 * ROUNDS; n++) {
    const place = n % 2;
    await sleep(BACK_MS);
    const old = rig.gateways[place];
    old?.signal("SIGTERM");
    codes.push((await old?.exited)?.code ?? null);
    await rig.startAnew(place);
  }
  await sleep(BACK_MS);
  const ledger = await load.stop();
  for (const entry of ledger.failed.slice(0, 10)) stage.progress(JSON.stringify(entry));
  const wrong = ledger.entries.filter(({ status, isRight }) => status === 200 && !isRight).length;
  const count = `${ledger.entries.length} requests, ${2 * ROUNDS} restarts`;
  const failed = ledger.failed.length + wrong;
  stage.check("rolling restart: requests that fail", "0", failed === 0, count, ledger.summary());
  const isClean = codes.every((code) => code === 0);
  stage.check("rolling restart: exit codes", "0", isClean, count, codes.join(", "));
}
