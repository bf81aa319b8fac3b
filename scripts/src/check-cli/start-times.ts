/** How long gpu-dev takes to show its help and to complete a name, beside a Node that does nothing. */
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface StartOptions {
  readonly node: string;
  readonly bundle: string;
  readonly folder: string;
  readonly say: (text: string) => void;
}

const ROUNDS = 20;
const HELP_TIMES_BARE = 1.5;
const COMPLETION_MS = 150;
/** A busy machine fails nobody: only beyond so many times what is promised. */
const FAILS_AT = 5;
const API = "http://127.0.0.1:9/";

/** @returns whether it is as quick as it has to be on any machine. */
export async function measureStarts({ node, bundle, folder, say }: StartOptions): Promise<boolean> {
  const home = join(folder, "home");
  await mkdir(join(home, ".gpu-dev"), { recursive: true, mode: 0o700 });
  const empty = join(folder, "empty.cjs");
  await writeFile(empty, "");
  // names that were asked for a moment ago
  const names = { job: ["3f2a91bc"], disk: [], "gpu type": [], key: [] };
  const kept = { at: Date.now(), api_url: API, names };
  await writeFile(join(home, ".gpu-dev/names.json"), JSON.stringify(kept));
  const env = { HOME: home, GPU_DEV_API_URL: API };
  const time = (words: readonly string[], prints: string): number => {
    const times = Array.from({ length: ROUNDS }, () => {
      const began = performance.now();
      const { stdout, stderr } = spawnSync(node, [...words], { env, encoding: "utf8" });
      if (!stdout.includes(prints)) throw new Error(`${words.join(" ")}: ${stderr}`);
      return performance.now() - began;
    });
    return times.sort((a, b) => a - b)[ROUNDS / 2] ?? 0;
  };
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
  const bare = time([empty], "");
  const help = time([bundle, "--help"], "Usage:");
  const completion = time([bundle, "__complete", "--", "show", ""], "3f2a91bc");
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  say(
    `Node ${version}, medians of ${ROUNDS}: nothing ${ms(bare)}, --help ${ms(help)} (${(help / bare).toFixed(2)} × of ${HELP_TIMES_BARE}), completion ${ms(completion)} of ${COMPLETION_MS}`,
  );
  return help < bare * HELP_TIMES_BARE * FAILS_AT && completion < COMPLETION_MS * FAILS_AT;
}
