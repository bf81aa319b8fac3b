/** Runs a test file with all of its cases: more than a test has time for. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** @returns whether the file passes, and what its test tells of its counts. */
export function runGenerated(file: string): Promise<{ isPassed: boolean; told: string }> {
  const args = ["--conditions=airlock-source", "--test", "--test-reporter=tap", file];
  const env = { ...process.env, GENERATED_CASES: "soak" };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env }, (error, stdout) => {
      const counts = [...(/# \{(.*)\}/.exec(stdout)?.[1]?.matchAll(/"(\w+)":(\d+)/g) ?? [])];
      const told = counts.map(([, word, count]) => `${word} ${count}`).join(", ");
      resolve({ isPassed: error === null, told: told || "–" });
    });
  });
}
