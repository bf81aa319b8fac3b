/** OpenSSH's own client, with keys that a run has made. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostKey, makeHostKey } from "../../../services/processor/src/access/host-key.ts";
import { PORT } from "./played-pod.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Client {
  readonly folder: string;
  /** Of whoever logs in; a host's key is a key like any other. */
  readonly key: HostKey;
  run(program: "ssh" | "scp" | "sftp", args: readonly string[], more?: RunOptions): Promise<Said>;
  /** A command in the box. */
  ssh(command: string, more?: RunOptions): Promise<Said>;
  close(): Promise<void>;
}

export interface RunOptions {
  /** Further options of ssh. */
  readonly options?: readonly string[];
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

export const TARGET = "dev@127.0.0.1";
const LIMIT_MS = 30_000;

/** @param expected lines of known_hosts without the host. */
export async function openClient(expected: readonly string[]): Promise<Client> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-ssh-"));
  const key = makeHostKey();
  await writeFile(join(folder, "key"), key.privateKey, { mode: 0o600 });
  const known = expected.map((line) => `[127.0.0.1]:${PORT} ${line}\n`).join("");
  await writeFile(join(folder, "known_hosts"), known);
  const common = [
    ...["-F", "none", "-i", join(folder, "key")],
    ...[`Port=${PORT}`, "BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes"]
      .concat([`UserKnownHostsFile=${join(folder, "known_hosts")}`, "ConnectTimeout=10"])
      .flatMap((option) => ["-o", option]),
  ];
  const run: Client["run"] = async (program, args, { options = [], input, env, signal } = {}) => {
    const child = spawn(program, [...common, ...options, ...args], {
      env: { ...process.env, ...env },
      signal: AbortSignal.any([AbortSignal.timeout(LIMIT_MS), ...(signal ? [signal] : [])]),
    });
    const said = { out: "", err: "" };
    child.stdout.on("data", (data: Buffer) => (said.out += data));
    child.stderr.on("data", (data: Buffer) => (said.err += data));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const code = await new Promise<number>((resolve) => {
      child.once("error", () => resolve(-1)).once("close", (status) => resolve(status ?? -1));
    });
    return { code, ...said };
  };
  return {
    folder,
    key,
    run,
    ssh: (command, more) => run("ssh", [TARGET, command], more),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
