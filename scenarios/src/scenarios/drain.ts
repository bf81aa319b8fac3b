/** A process is told to stop in the middle of an answer, and told again. */
import { ask } from "../rig/ask.ts";
import { type Pair, startPair } from "../rig/pair.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, Stage } from "../scenario.ts";

/** Below the limit of one attempt at AWS. */
const SLOW_MS = 900;
const IDLE_DRAIN_SECONDS = 2;

export const drain: Scenario = {
  name: "drain",
  how: "F13: SIGTERM to a service while it answers slowly (S3 is delayed), SIGTERM again, and SIGTERM once more",
  async run(_size, stage) {
    const pair = await startPair(stage, { gateways: 2, drainDelaySeconds: 0, parameters: 0 });
    const [stopped, other] = pair.gateways;
    if (!stopped || !other) throw new Error("no gateways were started");
    await pair.aws.faults({ kind: "slow", service: "s3", delayMs: SLOW_MS });
    await stopDuringAnswer(stage, pair, stopped, stopped.url);
    await stopIdle(
      stage,
      await pair.addGateway({ DRAIN_DELAY_SECONDS: String(IDLE_DRAIN_SECONDS) }),
    );
    await stopDuringAnswer(stage, pair, pair.aux, other.url);
  },
};

async function stopDuringAnswer(
  stage: Stage,
  pair: Pair,
  target: ServiceProcess,
  url: string,
): Promise<void> {
  const stopped = target.name;
  await pair.aws.forgetCalls();
  const clients = Array.from({ length: 10 }, (_, n) =>
    ask(url, `/storage/airlock-data-dev?limit=${n + 1}`),
  );
  await until("the calls are at AWS", async () => (await pair.aws.calls("s3.ListObjectsV2")) >= 10);
  const startedAt = performance.now();
  for (let n = 0; n < 3; n++) {
    target.signal("SIGTERM");
    await sleep(50);
  }
  const answers = await Promise.all(clients);
  const { code } = await target.exited;
  const tookMs = performance.now() - startedAt;
  const good = answers.filter(
    ({ status, body }) => status === 200 && body.startsWith('{"objects":[{'),
  );
  stage.check(
    `F13: ${stopped} stopped while it answers: whole answers`,
    "all",
    good.length === answers.length,
    `${answers.length} requests`,
    answers.map(({ status, error }) => error ?? status).join(", "),
  );
  stage.check(`F13: ${stopped}: exit code after three SIGTERM`, "0", code === 0, "1", String(code));
  stage.within(`F13: ${stopped}: exit after the last answer`, 1000, tookMs - SLOW_MS, "1");
  const stops = target.log.lines.filter(({ msg }) => msg === "stopping").length;
  stage.check(`F13: ${stopped}: drains begun`, "1", stops === 1, "3 signals", String(stops));
}

async function stopIdle(stage: Stage, gateway: ServiceProcess): Promise<void> {
  await ask(gateway.url, "/config/my-parameter"); // the first request is a slow one
  const startedAt = performance.now();
  gateway.signal("SIGTERM");
  await sleep(300);
  const served = await ask(gateway.url, "/config/my-parameter");
  const ready = await ask(gateway.url, "/readyz");
  const live = await ask(gateway.url, "/livez");
  stage.check(
    "F13: while draining: request, /readyz, /livez",
    "200 with Connection: close, 503, 200",
    served.status === 200 &&
      served.headers.connection === "close" &&
      ready.status === 503 &&
      live.status === 200,
    "3 requests",
    `${served.status} (${served.headers.connection}), ${ready.status}, ${live.status}`,
  );
  const { code } = await gateway.exited;
  stage.check("F13: idle gateway: exit code", "0", code === 0, "1", String(code));
  const tookMs = performance.now() - startedAt - IDLE_DRAIN_SECONDS * 1000;
  stage.within("F13: idle gateway: exit after the drain delay", 1000, tookMs, "1");
}
