/** A closed loop of GETs over kept-alive connections, each latency kept, each body checked. */
import { Agent, request } from "node:http";

export interface Slot {
  readonly p95Ms: number;
  readonly requests: number;
}

const CONNECTIONS = 16;
/** Names asked for in turn, so that no two requests in flight are equal. */
const NAMES = 64;

export const parameterName = (index: number): string => `/bench/layer/p-${index}`;
export const parameterValue = (index: number): string => `value ${index}`;
export const parameterCount = NAMES;

/** @throws Error on the first answer that is not the right one. */
export async function runSlot(url: string, durationMs: number): Promise<Slot> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const latencies: number[] = [];
  const startedAt = performance.now();
  const worker = async (first: number) => {
    for (let n = first; performance.now() - startedAt < durationMs; n += CONNECTIONS) {
      const before = performance.now();
      await readOne(url, agent, n % NAMES);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => worker(index)));
  agent.destroy();
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    requests: latencies.length,
    p95Ms: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN,
  };
}

function readOne(url: string, agent: Agent, index: number): Promise<void> {
  const asked = { name: parameterName(index), value: parameterValue(index) };
  // further members may follow
  const expected = JSON.stringify(asked).slice(0, -1);
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/config/${parameterName(index)}`, { agent }, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      incoming.on("error", reject).on("end", () => {
        if (body.startsWith(expected)) resolve();
        else reject(new Error(`status ${incoming.statusCode}: ${body.slice(0, 200)}`));
      });
    });
    outgoing.on("error", reject).end();
  });
}
