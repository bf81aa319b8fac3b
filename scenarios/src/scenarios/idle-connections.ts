/** One address opens more connections than there may be, and keeps them; others come with one each. */
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { ask } from "../rig/ask.ts";
import { plantedName, startPair } from "../rig/pair.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const MIB = 2 ** 20;
const CONNECTIONS = 12_000;
/** Told in docs/architecture.md. */
const MAX = 4000;
/** Of the 320 that k8s/base allows, of which an idle gateway takes some 110. */
const ALLOWED_MIB = 96;
/** So many at once: the queue of connections to be accepted has an end. */
const BURST = 100;
const REQUEST = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

export const idleConnections: Scenario = {
  name: "idle-connections",
  how: "12,000 connections of one address to a gateway, kept after one request each, beside a client of another address whose every request has a connection of its own",
  isSoakOnly: true,
  async run(_size: SizeName, stage: Stage) {
    const pair = await startPair(stage, {
      gatewayEnv: { NODE_OPTIONS: "--max-semi-space-size=4" },
    });
    const { gateway } = pair;
    const agent = new Agent({ localAddress: "127.0.0.2" });
    const asOther = () => ask(pair.url, `/config/${plantedName(1)}`, { agent });
    // as many as bring its memory to where it stays under load
    for (let n = 0; n < 300; n++) await Promise.all([asOther(), asOther(), asOther(), asOther()]);
    const before = await gateway.rssBytes();
    const statuses: number[] = [];
    let isAsking = true;
    const victim = (async () => {
      while (isAsking) {
        statuses.push((await asOther()).status);
        await sleep(20);
      }
    })();

    const sockets: Socket[] = [];
    stage.defer(() => sockets.forEach((socket) => void socket.destroy()));
    let answered = 0;
    let ended = 0;
    while (sockets.length < CONNECTIONS) {
      for (let n = 0; n < BURST; n++) {
        const socket = connect({ port: gateway.port, host: "127.0.0.1" });
        socket.on("error", () => {}).once("close", () => ended++);
        socket.once("data", () => answered++);
        socket.write(REQUEST);
        sockets.push(socket);
      }
      await until("they are answered or gone", () => answered + ended >= sockets.length, 20_000);
    }
    // what the gateway has ended is counted until its socket has closed, and the last still come
    const left = () => sockets.filter(({ destroyed }) => !destroyed).length;
    await until("what was ended is gone", () => left() <= MAX, 20_000);
    await sleep(1000);
    isAsking = false;
    await victim;
    const [open, rss] = [
      await gateway.metric("airlock_http_connections"),
      await gateway.rssBytes(),
    ];

    const count = `${CONNECTIONS} connections`;
    stage.check("idle: connections left open", `≤ ${MAX}`, open <= MAX, count, String(open));
    const grownMib = (rss - before) / MIB;
    stage.check(
      "idle: memory of the gateway",
      `< ${ALLOWED_MIB} MiB more`,
      grownMib < ALLOWED_MIB,
      count,
      `+ ${grownMib.toFixed(0)} MiB`,
    );
    const wrong = statuses.filter((status) => status !== 200).length;
    const result = wrong === 0 ? "all" : `${wrong} other: ${[...new Set(statuses)]}`;
    const isKept = wrong === 0 && statuses.length > 0;
    stage.check("idle: another address", "all 200", isKept, `${statuses.length} requests`, result);
  },
};
