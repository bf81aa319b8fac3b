/** Many clients at once: all want the same thing, one of two leaves, all leave. */
import { get, request } from "node:http";
import { ask } from "../rig/ask.ts";
import { startHeldUpstream } from "../rig/held-upstream.ts";
import { isParameter } from "../rig/load.ts";
import { plantedName, startPair } from "../rig/pair.ts";
import { startProcess } from "../rig/service-process.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import type { Scenario, Stage } from "../scenario.ts";

const CROWD = 500;
const LEAVING = 200;

export const crowd: Scenario = {
  name: "crowd",
  how: `${CROWD} GETs of one parameter at once through the pair (SSM takes 200 ms), each on a connection of its own; then, with an upstream that holds back half of a 60 KB answer, one of two readers leaves, and ${LEAVING} of ${LEAVING}`,
  async run(_size, stage) {
    await askTogether(stage);
    await leave(stage);
  },
};

async function askTogether(stage: Stage): Promise<void> {
  const pair = await startPair(stage);
  await pair.aws.faults({ kind: "slow", service: "ssm", delayMs: 200 });
  await pair.aws.forgetCalls();
  const path = `/config/${plantedName(3)}`;
  const answers = await Promise.all(Array.from({ length: CROWD }, () => ask(pair.url, path)));
  const right = answers.filter(({ status, body }) => status === 200 && isParameter(body, 3)).length;
  const calls = await pair.aws.calls("ssm.GetParameters");
  const count = `${CROWD} requests at once`;
  stage.check("crowd: right answers", "all", right === CROWD, count, String(right));
  stage.check("crowd: calls to SSM", "≤ 5", calls <= 5, count, String(calls));
  const waits = answers.map(({ tookMs }) => tookMs);
  stage.note("crowd: slowest", count, `${Math.round(percentile(waits, 1))} ms`);
}

async function leave(stage: Stage): Promise<void> {
  const upstream = await startHeldUpstream(stage);
  const env = { ENVIRONMENT: "dev", AUX_SERVICE_URL: upstream.url, DRAIN_DELAY_SECONDS: "0" };
  const gateway = await startProcess(stage, "gateway", env, "/readyz");

  const leaving = request(`${gateway.url}/config/held/shared`).on("error", () => {});
  leaving.end();
  await until("the shared call is under way", () => upstream.held.size === 1);
  const staying = ask(gateway.url, "/config/held/shared");
  await until(
    "it is shared",
    async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1,
  );
  leaving.destroy();
  await sleep(200);
  upstream.letGo();
  const { status, body } = await staying;
  const isWhole = status === 200 && body.length === 60_000;
  stage.check(
    "one of two readers leaves: the other",
    "200, whole",
    isWhole,
    "2 readers",
    `${status}, ${body.length} bytes`,
  );

  const clients = Array.from({ length: LEAVING }, (_, n) =>
    get(`${gateway.url}/config/held/p-${n}`, { agent: false }).on("error", () => {}),
  );
  // the gateway has 64 connections: the others wait for one
  await until("answers are half sent", () => upstream.held.size >= 64);
  for (const client of clients) client.destroy();
  const next = await ask(gateway.url, "/config/next");
  const count = `${LEAVING} clients`;
  stage.check(
    "all leave: the next request",
    "200",
    next.status === 200,
    count,
    String(next.status),
  );
  stage.within("all leave: the next request", 200, next.tookMs, count);
  const idle = async () =>
    upstream.held.size === 0 &&
    (await gateway.metric("airlock_upstream_requests", 'state="running"')) === 0 &&
    (await gateway.metric("airlock_upstream_requests", 'state="waiting"')) === 0;
  const idleMs = await until("nothing is left running", idle).catch(() => Infinity);
  stage.within("all leave: no call is left running or waiting", 1000, idleMs, count);
  const inFlight = await gateway.metric("airlock_http_requests_in_flight");
  stage.check("all leave: requests in flight", "0", inFlight === 0, count, String(inFlight));
}
