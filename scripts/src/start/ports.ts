/** The ports that a local run uses, and whether they are free. */
import { createServer } from "node:net";

const DEFAULTS = {
  LOCAL_AWS_PORT: 4566,
  AUX_PORT: 8081,
  GATEWAY_PORT: 8080,
  JOBS_PORT: 8000,
  PROCESSOR_PORT: 8002,
  LOCAL_KUBERNETES_PORT: 16_443,
  AUX_METRICS_PORT: 9091,
  GATEWAY_METRICS_PORT: 9090,
  JOBS_METRICS_PORT: 9092,
  PROCESSOR_METRICS_PORT: 9093,
  DATABASE_PORT: 15_432,
} as const;

export type PortName = keyof typeof DEFAULTS;
export type Ports = Readonly<Record<PortName, number>>;

const MAX_PORT = 65_535;
const OFFSET_STEP = 100;

/**
 * PORT_OFFSET is added to each, those that have a variable of their own as well.
 *
 * @throws Error with a line for each wrong variable.
 */
export function readPorts(env: NodeJS.ProcessEnv): Ports {
  const offset = offsetOf(env);
  const problems: string[] = [];
  if (Number.isNaN(offset)) problems.push("PORT_OFFSET: must be a whole number, 0 to 65535");
  const ports = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, fallback]) => {
      const text = env[name] || String(fallback);
      const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
      if (port < 1 || port > MAX_PORT) {
        problems.push(`${name}: must be a port number, 1 to ${MAX_PORT}`);
      } else if (port + offset > MAX_PORT) {
        problems.push(`${name}: ${port} and PORT_OFFSET are more than ${MAX_PORT}`);
      }
      return [name, port + offset];
    }),
  ) as Record<PortName, number>;
  const names = Object.keys(ports) as PortName[];
  for (const [index, name] of names.entries()) {
    const twin = names.slice(0, index).find((other) => ports[other] === ports[name]);
    if (twin) problems.push(`${name}: is the same port as ${twin}`);
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return ports;
}

/** NaN for what is no offset. */
function offsetOf({ PORT_OFFSET: text }: NodeJS.ProcessEnv): number {
  return text ? (/^\d{1,5}$/.test(text) ? Number(text) : Number.NaN) : 0;
}

export interface TakenPorts {
  /** Those that something else listens on. */
  readonly taken: readonly number[];
  /** A PORT_OFFSET that moves all of them to free ones; undefined when there is none. */
  readonly offset: number | undefined;
}

/** Undefined when all of them are free. */
export async function findTakenPorts(
  used: readonly number[],
  env: NodeJS.ProcessEnv,
): Promise<TakenPorts | undefined> {
  const taken = await notFree(used);
  if (taken.length === 0) return undefined;
  const present = offsetOf(env);
  for (let more = OFFSET_STEP; Math.max(...used) + more <= MAX_PORT; more += OFFSET_STEP) {
    const moved = used.map((port) => port + more);
    if ((await notFree(moved)).length === 0) return { taken, offset: present + more };
  }
  return { taken, offset: undefined };
}

async function notFree(ports: readonly number[]): Promise<number[]> {
  const isFree = await Promise.all(ports.map(isFreeOnLoopback));
  return ports.filter((_, index) => !isFree[index]);
}

/** `localhost` is either address to a client, and another program may have the one that is not ours. */
async function isFreeOnLoopback(port: number): Promise<boolean> {
  return (await isFreeOn("127.0.0.1", port)) && (await isFreeOn("::1", port));
}

function isFreeOn(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // EADDRNOTAVAIL: a machine without IPv6
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "EADDRNOTAVAIL"));
    server.listen({ port, host, ipv6Only: true }, () => server.close(() => resolve(true)));
  });
}
