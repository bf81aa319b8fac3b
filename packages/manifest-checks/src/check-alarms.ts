/**
 * `check:alarms`: promtool takes the alarms, each fires and keeps silent when it should on series as a
 * scrape by the Prometheus operator has them, and none would fire when a Prometheus reads the real services,
 * whose metrics promtool takes as they are.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promtoolTests } from "./alarms/promtool-tests.ts";
import { scrapeReally } from "./alarms/real-scrape.ts";
import { ruleGroupsOf } from "./alarms/rules.ts";
import { render } from "./kustomize/render.ts";
import type { K8sObject } from "./objects.ts";
import { ENVIRONMENTS } from "./world.ts";

const K8S = join(import.meta.dirname, "../../../k8s");
const isAbsent = (program: string) => spawnSync(program, ["--version"]).error !== undefined;

const folder = mkdtempSync(join(tmpdir(), "alarms-"));
try {
  const faults: string[] = [];
  if (isAbsent("promtool")) {
    console.log("check:alarms: promtool's tests: not run: promtool absent");
  } else {
    for (const environment of ENVIRONMENTS) {
      faults.push(...promtoolFaults(environment, render(join(K8S, "overlays", environment))));
    }
  }
  if (isAbsent("prometheus")) {
    console.log("check:alarms: a real scrape: not run: prometheus absent");
  } else {
    faults.push(...(await scrapeReally(render(join(K8S, "overlays/prod")), folder)));
  }
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) console.log(`check:alarms: ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

/** promtool says on standard output and error what is wrong. */
function promtoolFaults(environment: string, objects: readonly K8sObject[]): string[] {
  const [rules, tests] = [`rules-${environment}.json`, `tests-${environment}.json`];
  writeFileSync(join(folder, rules), JSON.stringify({ groups: ruleGroupsOf(objects) }));
  writeFileSync(join(folder, tests), JSON.stringify(promtoolTests(objects, rules)));
  const promtool = (...args: string[]) =>
    spawnSync("promtool", args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] }).status;
  return [
    ...(promtool("check", "rules", rules) === 0 ? [] : [`${rules}: refused by promtool`]),
    ...(promtool("test", "rules", tests) === 0 ? [] : [`${tests}: not as the cases say`]),
  ];
}
