/** The processes of one run: all on loopback, at ports that were free, and none is left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const READY_LIMIT_MS = 60_000;

export interface Children {
  /** With nothing of this process's environment but where programs are. */
  run(command: string, args: readonly string[], env?: Record<string, string>): void;
  /** At once: none of them has anything to keep. Resolves when all are gone. */
  end(): Promise<void>;
}

/** @param cwd the folder that they run in. */
export function startChildren(cwd: string): Children {
  const children: ChildProcess[] = [];
  return {
    run(command, args, env = {}) {
      const { PATH = "", HOME = "" } = process.env;
      children.push(spawn(command, args, { cwd, env: { PATH, HOME, ...env }, stdio: "ignore" }));
    },
    async end() {
      const alive = children.filter(
        (child) => child.exitCode === null && child.signalCode === null,
      );
      await Promise.all(alive.map((child) => child.kill("SIGKILL") && once(child, "exit")));
    },
  };
}

/** @param isUp whether an answer says so; any that is ok unless said otherwise. */
export async function untilUp(
  url: string,
  isUp: (answer: Response) => boolean = ({ ok }) => ok,
): Promise<void> {
  const end = Date.now() + READY_LIMIT_MS;
  while (!(await fetch(url).then(isUp, () => false))) {
    if (Date.now() > end) throw new Error(`${url} did not answer within ${READY_LIMIT_MS} ms`);
    await sleep(100);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

export const freePorts = (count: number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, freePort));
