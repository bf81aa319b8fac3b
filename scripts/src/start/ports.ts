/** The ports that a local run uses, and whether they are free. */
import { createServer } from "node:net";

const DEFAULTS = {
  LOCAL_AWS_PORT: 4566,
  AUX_PORT: 8081,
  GATEWAY_PORT: 8080,
  JOBS_PORT: 8000,
  AUX_METRICS_PORT: 9091,
  GATEWAY_METRICS_PORT: 9090,
  JOBS_METRICS_PORT: 9092,
} as const;

export type PortName = keyof typeof DEFAULTS;
export type Ports = Readonly<Record<PortName, number>>;

/** @throws Error with a line for each wrong variable. */
export function readPorts(env: NodeJS.ProcessEnv): Ports {
  const problems: string[] = [];
  const ports = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, fallback]) => {
      const text = env[name] || String(fallback);
      const port = Number(text);
      if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
        problems.push(`${name}: must be a port number, 1 to 65535`);
      }
      return [name, port];
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

export interface UsedPort {
  readonly name: PortName;
  readonly port: number;
}

/** A sentence for each port that something else listens on. */
export async function takenPorts(used: readonly UsedPort[]): Promise<string[]> {
  const sentences = await Promise.all(
    used.map(async ({ name, port }) =>
      (await isFree(port))
        ? undefined
        : `Port ${port} is taken. Stop what listens there, or choose another: ${name}=${port + 1000} pnpm start`,
    ),
  );
  return sentences.filter((sentence) => sentence !== undefined);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
