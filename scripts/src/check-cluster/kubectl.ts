/** kubectl against one kubeconfig, whatever the shell says. */
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** No single command of the check needs longer, waiting for a namespace to go included. */
const LIMIT_MS = 120_000;

/** Runs kubectl and returns what it printed. @throws Error with kubectl's own words. */
export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<string>;

export interface KubectlOptions {
  /** What kubectl reads from standard input, for `-f -`. */
  readonly input?: string;
  /** Ends the command; unset, the one of the whole run. */
  readonly signal?: AbortSignal;
}

export function isKubectlThere(): boolean {
  return spawnSync("kubectl", ["version", "--client"], { stdio: "ignore" }).error === undefined;
}

/** @param runSignal ends commands when the run is interrupted. */
export function createKubectl(kubeconfig: string, runSignal: AbortSignal): Kubectl {
  const { KUBECONFIG: _of_the_shell, ...env } = process.env;
  return async (args, { input = "", signal = runSignal } = {}) => {
    signal.throwIfAborted();
    const options: SpawnOptions = {
      env,
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      stdio: ["pipe", "pipe", "pipe"],
      // a group of its own: Ctrl-C must not end the commands that clean up
      detached: true,
    };
    const child = spawn("kubectl", [`--kubeconfig=${kubeconfig}`, ...args], options);
    const said = { out: "", err: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said.out += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said.err += text;
    });
    child.stdin?.on("error", () => {}); // it may end before it has read everything
    child.stdin?.end(input);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`kubectl ${args.slice(0, 3).join(" ")}: ${said.err.trim()}`);
    return said.out;
  };
}
