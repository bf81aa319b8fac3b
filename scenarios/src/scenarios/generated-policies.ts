/** The tests of aux that generate policies and requests, with more of both than a test has time for. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Scenario } from "../scenario.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FILES = ["nothing-shows", "nothing-shows-objects"];

export const generatedPolicies: Scenario = {
  name: "generated-policies",
  how: "80 policies with 145 requests each for parameters (24 with 100 in tests), 240 with 28 for objects (72), before two accounts, one of which lacks all that the policy hides; leaks are planted, too",
  isSoakOnly: true,
  async run(_size, stage) {
    for (const file of FILES) {
      const { isPassed, told } = await run(`services/aux/test/${file}.test.ts`);
      const result = isPassed ? "the same" : "another";
      stage.check(
        `${file}: an answer where something is hidden, and where it is not there`,
        "the same",
        isPassed,
        told,
        result,
      );
    }
  },
};

/** @returns whether the file passes, and what its test tells of its counts. */
function run(file: string): Promise<{ isPassed: boolean; told: string }> {
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
