/** `pnpm check:proxies`: Airlock behind the proxies of this machine, each by its configuration in docs/behind-a-proxy.md. */
import { parseArgs } from "node:util";
import { killGateways } from "./proxies/kills.ts";
import { liveStreams } from "./proxies/live.ts";
import { asksAlike, oddNames, sizesAndPrefix } from "./proxies/plain.ts";
import { findProxies, startProxy } from "./proxies/proxy.ts";
import { restartGateways } from "./proxies/restarts.ts";
import { startRig } from "./proxies/rig.ts";
import { largeObject, slowUpload } from "./proxies/streams.ts";
import { longestWaits, noSpin } from "./proxies/waits.ts";
import { Stage } from "./scenario.ts";

const HELP = `Runs two gateways, aux and jobs behind each proxy that is installed (nginx, haproxy, apache2), with
the configuration that docs/behind-a-proxy.md prints, and asks through it what a client asks.

  pnpm check:proxies                 all of them, three minutes each
  pnpm check:proxies --only=nginx    one of them

Exit code 1 when something does not hold. Figures without a promise are marked "seen".
`;

const PARTS = [
  asksAlike,
  oddNames,
  sizesAndPrefix,
  noSpin,
  liveStreams,
  slowUpload,
  largeObject,
  restartGateways,
  killGateways,
  longestWaits,
] as const;

const say = (text: string) => process.stdout.write(`${text}\n`);

const { values } = parseArgs({
  options: { help: { type: "boolean", short: "h" }, only: { type: "string" } },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const proxies = findProxies(values.only?.split(","));
for (const { name } of proxies.absent) say(`not run: ${name} absent`);
let broken = 0;
for (const proxy of proxies.found) {
  const stage = new Stage((text) =>
    say(`${new Date().toISOString().slice(11, 19)} ${proxy.name}: ${text}`),
  );
  try {
    const rig = await startRig(stage);
    const door = await startProxy(stage, proxy, rig.ports);
    for (const part of PARTS) await part(stage, rig, door);
  } catch (error) {
    stage.check("runs to its end", "yes", false, "1 run", String((error as Error).stack));
  } finally {
    await stage.end();
  }
  broken += stage.broken.length;
}
say(broken === 0 ? "no fault" : `${broken} faults`);
process.exitCode = broken === 0 ? 0 : 1;
