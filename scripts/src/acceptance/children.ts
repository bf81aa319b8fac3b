/** The processes of one run: all on loopback, at ports that were free, and none is left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

const READY_LIMIT_MS = 60_000;

export interface Children {
  /** Until the end, with nothing of this process's environment but where programs are. */
  run(command: string, args: readonly string[], env?: Record<string, string>): void;
  /** To its own end. @returns what it says. @throws Error that holds its complaint, unless its status is expected. */
  ask(command: string, args: readonly string[], expected?: readonly number[]): Promise<string>;
  /** At once: none of them has anything to keep. None begins after it. Resolves when all are gone. */
  end(): Promise<void>;
}

/** @param cwd the folder that they run in. */
export function startChildren(cwd: string): Children {
  const children = new Set<ChildProcess>();
  let isOver = false;
  const options = (env: Record<string, string> = {}) => {
    if (isOver) throw new Error("the run is over");
    const { PATH = "", HOME = "" } = process.env;
    return { cwd, env: { PATH, HOME, ...env } };
  };
  const keep = <T extends ChildProcess>(child: T): T => {
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };
  return {
    run(command, args, env) {
      keep(spawn(command, args, { ...options(env), stdio: "ignore" }));
    },
    async ask(command, args, expected = [0]) {
      const child = keep(
        spawn(command, args, {
          ...options(),
          stdio: ["ignore", "pipe", "pipe"],
          timeout: READY_LIMIT_MS,
        }),
      );
      const said = Promise.all([text(child.stdout), text(child.stderr)]);
      const [code] = (await once(child, "close")) as [number | null];
      const [out, complaint] = await said;
      if (code !== null && expected.includes(code)) return out;
      throw new Error(`${command} ${args.join(" ")}: ${complaint || out}`);
    },
    async end() {
      isOver = true;
      const ended = [...children].map((child) => once(child, "close"));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ended);
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
