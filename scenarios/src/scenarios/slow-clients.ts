/** Clients that never finish their request: heads that never end, bodies that never end. */
import { Load } from "../rig/load.ts";
import { startPair } from "../rig/pair.ts";
import { type SlowEnd, type SlowOptions, sendSlowly } from "../rig/slow-client.ts";
import { percentile, sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

const CLIENTS = { test: 100, soak: 1000 } as const;

interface Attack {
  readonly title: string;
  readonly limitMs: number;
  readonly beginning: string;
  readonly more: string;
  readonly everyMs: number;
}

const HEAD = "Host: localhost\r\n";
const ATTACKS: readonly Attack[] = [
  {
    title: "slowloris",
    limitMs: 6000,
    beginning: `GET /config/my-parameter HTTP/1.1\r\n${HEAD}`,
    more: "X-More: 1\r\n",
    everyMs: 1000,
  },
  {
    title: "silent connections",
    limitMs: 6000,
    beginning: "",
    more: "",
    everyMs: 60_000,
  },
  {
    title: "endless chunked bodies",
    limitMs: 10_000,
    beginning: `POST /config HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`,
    more: "1\r\nx\r\n",
    everyMs: 1000,
  },
  {
    title: "bodies shorter than promised",
    limitMs: 10_000,
    beginning: `GET /config/my-parameter HTTP/1.1\r\n${HEAD}Content-Length: 1000\r\n\r\n`,
    more: "x",
    everyMs: 1000,
  },
];

export const slowClients: Scenario = {
  name: "slow-clients",
  how: "1000 clients (100 in tests) that open a connection each and never finish a request, in four ways, beside 30 good requests a second",
  async run(size: SizeName, stage: Stage) {
    const pair = await startPair(stage);
    // tests run the four attacks at once, for each lasts as long as its time limit
    if (size === "test") {
      await Promise.all(
        ATTACKS.map((attack) => run(attack, CLIENTS.test, stage, pair.gateway.port)),
      );
      return;
    }
    for (const attack of ATTACKS) {
      const load = new Load({
        url: pair.url,
        perSecond: 30,
        prefix: attack.title.replaceAll(" ", "-"),
      });
      await run(attack, CLIENTS.soak, stage, pair.gateway.port);
      await sleep(500);
      const ledger = await load.stop();
      const count = `${ledger.entries.length} requests`;
      const failed = ledger.failed.length;
      stage.check(
        `${attack.title}: good requests that fail`,
        "0",
        failed === 0,
        count,
        ledger.summary(),
      );
      const waits = ledger.entries.map(({ tookMs }) => tookMs);
      stage.note(
        `${attack.title}: 99 % of good requests in`,
        count,
        `${Math.round(percentile(waits, 0.99))} ms`,
      );
      await checkLedger(stage, attack.title, ledger, pair);
    }
  },
};

async function run(attack: Attack, clients: number, stage: Stage, port: number): Promise<void> {
  const { title, limitMs } = attack;
  const options: SlowOptions = { ...attack, port, limitMs: limitMs * 3 };
  const ends = await Promise.all(Array.from({ length: clients }, () => sendSlowly(options)));
  const count = `${clients} clients`;
  // a client that has sent nothing may be left without an answer
  const isRight = ({ status, answers }: SlowEnd) =>
    (status === 408 && answers === 1) || (attack.beginning === "" && status === 0);
  const right = ends.filter(isRight).length;
  const statuses = [...new Set(ends.map(({ status }) => status))].join(", ");
  stage.check(
    `${title}: one 408, then the end`,
    "all",
    right === clients,
    count,
    `${right} (${statuses})`,
  );
  stage.within(
    `${title}: longest connection`,
    limitMs,
    Math.max(...ends.map(({ tookMs }) => tookMs)),
    count,
  );
}
