/** A list of thousands that has not changed is looked up, not made again. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, keepAlive } from "../rig/ask.ts";
import { prepare } from "../rig/pair.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

const SIZES = {
  test: { parameters: 500, requests: 50 },
  soak: { parameters: 5000, requests: 5000 },
} as const;
const RULES = 20;
const PATH = "/parameters?prefix=/load/";
const CPU = "process_cpu_seconds_total";

export const repeatedLists: Scenario = {
  name: "repeated-lists",
  how: `5,000 names (500 in tests) listed 5,000 times (50) from one aux, and as often asked whether they have changed; with a policy of one rule and of ${RULES}`,
  async run(size: SizeName, stage: Stage) {
    const folder = await mkdtemp(join(tmpdir(), "airlock-rules-"));
    stage.defer(() => rm(folder, { recursive: true }));
    const policy = join(folder, "policy.yaml");
    const auxEnv = {
      ACCESS_POLICY_FILE: policy,
      LOG_LEVEL: "info",
      SSM_DESCRIBE_CALLS_PER_SECOND: "1000",
      CACHE_LIST_FRESH_SECONDS: "3600",
    };
    const pair = await prepare(stage, { parameters: SIZES[size].parameters, auxEnv });
    for (const rules of [1, RULES]) {
      await writeFile(policy, policyOf(rules));
      const aux = await pair.addAux();
      await repeat(size, stage, aux, `${rules} rule${rules > 1 ? "s" : ""}`);
      await aux.end();
    }
  },
};

/** Each rule names a part of the names that all of them name together. */
function policyOf(rules: number): string {
  const lines = Array.from({ length: rules }, (_, i) => {
    const parameters = rules === 1 ? "/load/**" : `/load/group-${i % 7}/**`;
    return `  - {id: r${i}, callers: ["*"], verbs: [list], parameters: ["${parameters}"]}`;
  });
  return `version: 1\nrules:\n${lines.join("\n")}\n`;
}

async function repeat(size: SizeName, stage: Stage, aux: ServiceProcess, title: string) {
  const { parameters, requests } = SIZES[size];
  const agent = keepAlive(1);
  const first = await ask(aux.url, PATH, { agent, limitMs: 60_000 });
  const { count } = JSON.parse(first.body) as { count: number };
  stage.check(`${title}: names`, String(parameters), count === parameters, "1 list", `${count}`);
  const etag = String(first.headers.etag);
  const times = `${requests} requests`;
  const cpuOf = async (what: string, path: string, status: number, headers = {}) => {
    let wrong = 0;
    const run = async () => {
      for (let i = 0; i < requests; i++) {
        const asked = await ask(aux.url, path, { agent, headers });
        if (asked.status !== status || (path === PATH && asked.headers.etag !== etag)) wrong++;
      }
    };
    await run(); // code is compiled while it runs often
    const before = await aux.metric(CPU);
    await run();
    const cpuMs = (((await aux.metric(CPU)) - before) * 1000) / requests;
    stage.check(`${title}: ${what}: not ${status}`, "0", wrong === 0, times, String(wrong));
    return cpuMs;
  };
  const probeMs = await cpuOf("a probe", "/livez", 200);
  const listMs = await cpuOf("the list", PATH, 200);
  const unchangedMs = await cpuOf("its 304", PATH, 304, { "if-none-match": etag });
  stage.note(`${title}: CPU of a probe`, times, duration(probeMs));
  if (size === "soak") stage.within(`${title}: CPU of the list`, 1, listMs, times);
  else stage.note(`${title}: CPU of the list`, times, duration(listMs));
  if (size === "soak") stage.within(`${title}: CPU of its 304`, 0.2, unchangedMs, times);
  else stage.note(`${title}: CPU of its 304`, times, duration(unchangedMs));
  agent.destroy();
}
