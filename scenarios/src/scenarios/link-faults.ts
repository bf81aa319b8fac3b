/** The network between gateway and aux: slow, cut, reset, half closed, silent. */
import { ask, keepAlive } from "../rig/ask.ts";
import { FaultProxy, type LinkFault } from "../rig/fault-proxy.ts";
import { isParameter } from "../rig/load.ts";
import { plantedName, prepare } from "../rig/pair.ts";
import { until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

interface Case {
  readonly title: string;
  readonly fault: LinkFault;
  readonly expected: readonly number[];
}

const CASES: readonly Case[] = [
  { title: "300 ms delay", fault: { kind: "delay", ms: 300 }, expected: [200] },
  { title: "4 KB a second", fault: { kind: "throttle", bytesPerSecond: 4000 }, expected: [200] },
  {
    title: "one reset before the first byte",
    fault: { kind: "reset", afterBytes: 0, count: 1 },
    expected: [200],
  },
  {
    title: "reset before the first byte, always",
    fault: { kind: "reset", afterBytes: 0 },
    expected: [502, 503],
  },
  {
    title: "reset inside the head",
    fault: { kind: "reset", afterBytes: 40 },
    expected: [502, 503],
  },
  { title: "cut inside the head", fault: { kind: "cut", afterBytes: 40 }, expected: [502, 503] },
  { title: "cut inside the body", fault: { kind: "cut", afterBytes: -1 }, expected: [502] },
  {
    title: "half closed inside the body",
    fault: { kind: "half-close", afterBytes: -1 },
    expected: [502],
  },
  { title: "silence", fault: { kind: "black-hole" }, expected: [503, 504] },
];

const REQUESTS = { test: 10, soak: 100 } as const;
const AT_ONCE = { test: 10, soak: 5 } as const;

export const linkFaults: Scenario = {
  name: "link-faults",
  how: "a proxy between gateway and aux delays, throttles, resets, cuts, half-closes and swallows answers; 100 requests each, five at a time (10 at once in tests)",
  async run(size: SizeName, stage: Stage) {
    const pair = await prepare(stage);
    const aux = await pair.addAux();
    const proxy = await FaultProxy.start(stage, aux.port);
    const gateway = await pair.addGateway({ AUX_SERVICE_URL: proxy.url });
    await pair.warmUp();
    const read = (index: number) =>
      ask(gateway.url, `/config/${plantedName(index)}`, { limitMs: 10_000 });
    const headLength = await headLengthOf(aux.url);

    for (const { title, fault, expected } of CASES) {
      const isInBody = "afterBytes" in fault && fault.afterBytes < 0;
      proxy.set(isInBody ? { ...fault, afterBytes: headLength + 10 } : fault);
      let sent = 0;
      let wrongBodies = 0;
      const statuses = new Map<string, number>();
      let strange = 0;
      const client = async () => {
        while (sent < REQUESTS[size]) {
          const index = sent++;
          const { status, body, error } = await read(index);
          const key = error ?? String(status);
          statuses.set(key, (statuses.get(key) ?? 0) + 1);
          if (!expected.includes(status)) strange++;
          if (status === 200 && !isParameter(body, index)) wrongBodies++;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE[size] }, client));
      const result = [...statuses].map(([key, count]) => `${key} × ${count}`).join(", ");
      const isKept = strange === 0 && wrongBodies === 0;
      stage.check(`link: ${title}`, expected.join(" or "), isKept, `${sent} requests`, result);
      proxy.set({ kind: "none" });
      const isBack = async () => (await read(0)).status === 200;
      const backMs = await until("a 200", isBack, 30_000).catch(() => Number.POSITIVE_INFINITY);
      stage.within(`link: first 200 after ${title}`, 2000, backMs, "1 return");
    }
  },
};

/** Bytes before the body of a parameter's answer, on a connection that is kept as the gateway's are. */
async function headLengthOf(url: string): Promise<number> {
  const agent = keepAlive(1);
  const { headers } = await ask(url, `/parameters/${plantedName(0)}`, { agent });
  agent.destroy();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return "HTTP/1.1 200 OK\r\n".length + lines.join("").length + 2;
}
