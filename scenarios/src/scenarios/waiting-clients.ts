/** Many clients wait for values that hardly ever change. */
import { type Asked, ask } from "../rig/ask.ts";
import { plantedName, startPair } from "../rig/pair.ts";
import { sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const CLIENTS = 200;
const NAMES = 20;
const CHANGED = 7;
const SIZES = {
  test: { waitSeconds: 5, untilChangeMs: 1500 },
  soak: { waitSeconds: 60, untilChangeMs: 20_000 },
};
const NEW_VALUE = "changed while they waited";

export const waitingClients: Scenario = {
  name: "waiting-clients",
  how: `${CLIENTS} clients wait for ${NAMES} names for 60 s (5 in tests); one value is changed`,
  async run(size: SizeName, stage: Stage) {
    const { waitSeconds, untilChangeMs } = SIZES[size];
    const pair = await startPair(stage, {
      parameters: NAMES,
      gatewayEnv: { WAITS_PER_CLIENT: String(CLIENTS) },
    });
    const etags = new Map<number, string>();
    for (let n = 0; n < NAMES; n++) {
      const { headers } = await ask(pair.url, `/config/${plantedName(n)}`);
      etags.set(n, String(headers.etag));
    }
    await sleep(1500); // the poll is as often as it is, from the first one who waits
    await pair.aws.forgetCalls();
    const startedAt = performance.now();
    const waiting = Array.from({ length: CLIENTS }, async (_, client) => {
      const name = client % NAMES;
      const answer = await ask(pair.url, `/config/${plantedName(name)}?wait=${waitSeconds}s`, {
        headers: { "if-none-match": etags.get(name) ?? "" },
        limitMs: (waitSeconds + 20) * 1000,
      });
      return { name, answer, endedAt: performance.now() };
    });
    await sleep(untilChangeMs);
    const changedAt = performance.now();
    await pair.aws.parameters([{ name: plantedName(CHANGED), value: NEW_VALUE }]);
    const answers = await Promise.all(waiting);
    const seconds = (performance.now() - startedAt) / 1000;
    const calls = await pair.aws.callsOf("ssm");

    const told = answers.filter(({ name }) => name === CHANGED);
    const others = answers.filter(({ name }) => name !== CHANGED);
    const isNew = ({ status, body }: Asked) => status === 200 && body.includes(NEW_VALUE);
    const right = told.filter(({ answer }) => isNew(answer)).length;
    const whose = `${told.length} clients`;
    stage.check("wait: told of the change", "all", right === told.length, whose, String(right));
    const slowest = Math.max(...told.map(({ endedAt }) => endedAt - changedAt));
    stage.within("wait: slowest of them", 2000, slowest, whose);
    const unchanged = others.filter(({ answer }) => answer.status === 304).length;
    const rest = `${others.length} clients`;
    stage.check(
      "wait: 304 at the end",
      "all others",
      unchanged === others.length,
      rest,
      `${unchanged}`,
    );
    const perMinute = Math.round((calls / seconds) * 60);
    // two calls for 20 names, in 1.7 s
    const isFew = size === "soak" ? calls <= 75 : calls <= 75 * (seconds / 60) + 4;
    const count = `${calls} in ${seconds.toFixed(0)} s`;
    stage.check("wait: calls to SSM", "≤ 75 a minute", isFew, count, `${perMinute} a minute`);
    const isAlive = await pair.gateway.answers("/livez");
    stage.check("wait: gateway /livez", "200", isAlive, "1 probe", isAlive ? "200" : "no");
  },
};
