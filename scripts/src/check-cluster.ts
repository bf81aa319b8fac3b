/** `pnpm check:cluster`: what only a real Kubernetes API server can tell. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { openCluster, RUN_LABEL } from "./check-cluster/cluster.ts";
import { createKubectl, isKubectlThere } from "./check-cluster/kubectl.ts";
import { runSteps } from "./check-cluster/run-steps.ts";
import { STEPS } from "./check-cluster/steps.ts";

const VARIABLE = "AIRLOCK_TEST_KUBECONFIG";
const HELP = `Checks Airlock against the API server that a kubeconfig names, in namespaces of its own.

  ${VARIABLE}=<file> pnpm check:cluster            everything
  ${VARIABLE}=<file> pnpm check:cluster <step>…    some of it

Steps
${STEPS.map(({ name, how }) => `  ${name.padEnd(12)} ${how}`).join("\n")}

No other variable is looked at, KUBECONFIG least of all. The kubeconfig needs the rights of an admin of the cluster.
What a run makes carries the label ${RUN_LABEL}=<run> and is removed at its end, also when it fails or is interrupted.
`;

const { values, positionals } = parseArgs({
  options: { help: { type: "boolean", short: "h", default: false } },
  allowPositionals: true,
});

async function main(): Promise<number> {
  if (values.help) return say(HELP.trimEnd(), 0);
  const unknown = positionals.find((name) => STEPS.every((step) => step.name !== name));
  if (unknown !== undefined) return say(`There is no step ${unknown}; see --help`, 2);
  const kubeconfig = process.env[VARIABLE];
  if (!kubeconfig) return say(`not run: ${VARIABLE} unset`, 0);
  if (!isKubectlThere()) return say("not run: kubectl absent", 0);
  if (!existsSync(kubeconfig)) return say(`${VARIABLE}: there is no file ${kubeconfig}`, 1);

  const interrupted = new AbortController();
  const cluster = openCluster(createKubectl(kubeconfig, interrupted.signal), kubeconfig);
  const stop = (signal: NodeJS.Signals) => {
    if (interrupted.signal.aborted) {
      // asked twice: whoever asks does not want to wait
      say(`Left behind: kubectl get namespaces --selector=${RUN_LABEL}=${cluster.runId}`, 1);
      process.exit(1);
    }
    say(`${signal}: cleaning up`, 1);
    interrupted.abort(new Error(signal));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);

  const version = await cluster.kubectl(["get", "--raw", "/version", "--request-timeout=10s"]);
  say(`API server ${JSON.parse(version).gitVersion}; this run is ${cluster.runId}`, 0);
  const steps = STEPS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const broken = await runSteps(steps, cluster, interrupted.signal, (line) => say(line, 0));
  if (interrupted.signal.aborted) return 1;
  return broken === 0 ? say("the cluster was checked: no fault", 0) : say(`${broken} broken`, 1);
}

function say(text: string, code: number): number {
  process.stdout.write(`${text}\n`);
  return code;
}

process.exit(await main().catch((error: Error) => say(error.message, 1)));
