/** One run of the postgres binary: from its first line to its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Guardian, guard } from "./guardian.ts";
import type { ServerUser } from "./server-user.ts";

/**
 * How a server is ended. fast: sessions are cut off, everything is written; immediate: as in a
 * crash, but in order; kill: SIGKILL, no word to anybody.
 */
export type StopMode = "fast" | "immediate" | "kill";

const SIGNALS = { fast: "SIGINT", immediate: "SIGQUIT", kill: "SIGKILL" } as const;

/** Nothing of this process' environment: PGDATA and its like would change what the server does. */
export const SERVER_ENVIRONMENT = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" } as const;

const READY = "database system is ready to accept connections";

export interface RunOptions {
  readonly postgres: string;
  readonly data: string;
  readonly port: number;
  readonly user: ServerUser | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** A folder that the guardian removes. */
  readonly discard: string | undefined;
  readonly log: (line: string) => void;
}

/** The server ended before it was ready. `words` are the last lines it wrote. */
export class StartFailure extends Error {
  readonly words: string;

  constructor(words: string) {
    super(`Postgres did not start: ${words}`);
    this.name = "StartFailure";
    this.words = words;
  }
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #guardian: Guardian | undefined;
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;

  private constructor(child: ChildProcess, ended: Promise<void>, guardian: Guardian | undefined) {
    this.#child = child;
    this.#guardian = guardian;
    this.ended = ended;
  }

  /** @throws StartFailure */
  static async start(options: RunOptions): Promise<ServerProcess> {
    const child = spawn(options.postgres, args(options), {
      ...options.user,
      cwd: options.data,
      env: SERVER_ENVIRONMENT,
      // Ctrl-C reaches a terminal's whole group; the database must outlive its clients
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
      // not even begun; StartFailure then has no words of the server
      child.once("error", () => resolve());
    });
    const guardian = child.pid === undefined ? undefined : guard(child.pid, options.discard);
    void ended.then(() => guardian?.dismiss());
    await ready(child, ended, options.log);
    return new ServerProcess(child, ended, guardian);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(mode: StopMode): Promise<void> {
    // an unref'd process would let this one end in the middle of the stop
    this.#child.ref();
    if (this.isRunning) {
      this.#child.kill(SIGNALS[mode]);
      await once(this.#child, "exit");
    }
    this.#guardian?.dismiss();
  }

  /** Lets this process end while the server runs; the guardian then ends the server. */
  unref(): void {
    this.#child.unref();
    const { stderr } = this.#child;
    if (stderr && "unref" in stderr && typeof stderr.unref === "function") stderr.unref();
  }
}

function args({ data, port, settings }: RunOptions): string[] {
  const all = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    log_destination: "stderr",
    ...settings,
  };
  return ["-D", data, ...Object.entries(all).flatMap(([key, value]) => ["-c", `${key}=${value}`])];
}

async function ready(
  child: ChildProcess,
  ended: Promise<void>,
  log: (line: string) => void,
): Promise<void> {
  if (!child.stderr) throw new Error("postgres has no standard error");
  const last: string[] = [];
  const lines = createInterface({ input: child.stderr });
  const isReady = new Promise<"ready">((resolve) => {
    lines.on("line", (line) => {
      last.push(line);
      if (last.length > 5) last.shift();
      log(line);
      if (line.includes(READY)) resolve("ready");
    });
  });
  if ((await Promise.race([isReady, ended])) !== "ready") throw new StartFailure(last.join("\n"));
}
