/** What the benchmark needs of a proxy, whichever it is. */
import { setTimeout as sleep } from "node:timers/promises";
import { everyName } from "../cases.ts";
import type { Child } from "../child.ts";

export interface RunningProxy {
  readonly name: string;
  readonly port: number;
  /** What stands before the parameter's name in the path. */
  readonly prefix: string;
  /** Sent with each request, as `name: value`. */
  readonly headers?: readonly string[];
  readonly child: Child;
  /** Compiled while it runs, and slow until then. */
  readonly isJustInTime: boolean;
}

/** A proxy that cannot be measured here, and why. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

export const isAbsent = (one: RunningProxy | Absent): one is Absent => "reason" in one;

const START_LIMIT_MS = 15_000;

/** Waits until the proxy passes an answer on. */
export async function whenAnswering(proxy: RunningProxy): Promise<RunningProxy> {
  const [name] = everyName(1024);
  const url = `http://127.0.0.1:${proxy.port}${proxy.prefix}${name}`;
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const headers = Object.fromEntries((proxy.headers ?? []).map((line) => line.split(": ", 2)));
    const status = await fetch(url, { headers }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (status === 200) return proxy;
    if (performance.now() > deadline || proxy.child.process.exitCode !== null) {
      await proxy.child.stop();
      throw new Error(`${proxy.name} does not answer (status ${status})`);
    }
    await sleep(50);
  }
}
