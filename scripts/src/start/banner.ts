/** What a run says once it is ready: where things are, and what to try. */
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { asksForKeys, examplesOf, hostOf, type Running } from "./examples.ts";
import { jobsSteps, whyNoSteps } from "./jobs-steps.ts";
import type { LocalCluster } from "./local-cluster.ts";
import { hasStandIn } from "./options.ts";
import { executionApiUrl } from "./plan.ts";
import { exportsOf } from "./sessions.ts";
import { shellWord } from "./shell-words.ts";

/** What there is to tell about. */
export interface Places extends Running {
  /** From the beginning of the run. */
  readonly tookMs: number;
  readonly shell: NodeJS.ProcessEnv;
  /** In the order in which they started; some may wait to be mended. */
  readonly down: readonly string[];
  readonly cluster?: LocalCluster | undefined;
  readonly kubeconfig?: string | undefined;
  readonly database?: { readonly urlFile: string } | undefined;
  readonly sessions?: { readonly user: string } | undefined;
}

/** At most 80 columns by 40 rows, with the line that each service has before it. */
export function banner(places: Places): string {
  const { options, down, tookMs } = places;
  const seconds = (tookMs / 1000).toFixed(1);
  const ready = down.length === 0 ? `Ready in ${seconds} s.` : `Ready but for ${down.join(", ")}.`;
  const dev = options.watch ? " Changed code restarts its service." : "";
  return [
    "",
    `${ready}${dev} Ctrl-C stops everything.`,
    ...rowsOf(places).map(([name, where, more]) =>
      `  ${name.padEnd(10)} ${where.padEnd(29)} ${more}`.trimEnd(),
    ),
    ...notesOf(places),
    "",
    ...requests(places),
    ...jobs(places),
  ].join("\n");
}

/** Name, address and a further one for each thing that runs. */
function rowsOf(places: Places): [string, string, string][] {
  const { options, ports, cluster, database, settings, kubeconfig } = places;
  const services = [
    ["gateway", ports.GATEWAY_PORT, ports.GATEWAY_METRICS_PORT],
    ["aux", ports.AUX_PORT, ports.AUX_METRICS_PORT],
    ["jobs", ports.JOBS_PORT, ports.JOBS_METRICS_PORT],
    ["processor", ports.PROCESSOR_PORT, ports.PROCESSOR_METRICS_PORT],
  ] as const;
  const rows: [string, string, string][] = services.flatMap(([name, port, metricsPort]) => {
    const env = settings[name];
    if (!env) return [];
    const docs = isOff(env.DOCS) || isLocked(env.LAYER_AUTH_MODE) ? "" : "/docs";
    return [
      [name, `http://localhost:${port}${docs}`, `http://localhost:${metricsPort}/metrics`],
    ] satisfies [string, string, string][];
  });
  if (database) rows.push(["postgres", `psql "$(cat ${shellWord(database.urlFile)})"`, ""]);
  if (hasStandIn(options)) {
    rows.push(["local-aws", `http://localhost:${ports.LOCAL_AWS_PORT}`, "plays STS, S3 and SSM"]);
  }
  if (settings["aux-lambda"]) {
    rows.push(["aux-lambda", executionApiUrl(ports).replace("127.0.0.1", "localhost"), ""]);
  }
  if (kubeconfig) {
    const url = `http://localhost:${ports.LOCAL_KUBERNETES_PORT}`;
    rows.push(["kubernetes", url, "plays a cluster: 2 nodes of 2 h100"]);
  }
  if (cluster) rows.push(["issuer", cluster.issuer, "plays the cluster"]);
  return rows;
}

const isOff = (word = "") => /^(off|false|0)$/i.test(word.trim());
const isLocked = (mode = "") => mode.trim().toLowerCase() === "enforce";

/** What a reader of the table has to know, and would otherwise find out by a refusal. */
function notesOf({ settings, shell }: Places): string[] {
  const locked = ["aux", "jobs", "processor"].filter((name) =>
    isLocked(settings[name]?.LAYER_AUTH_MODE),
  );
  const host = hostOf(settings.gateway);
  const proxy = shell.http_proxy && !/(^|[,\s.])(localhost|\*)/.test(shell.no_proxy ?? "");
  return [
    ...(locked.length > 0 ? [`  ${locked.join(", ")}: 401 to all but the service before`] : []),
    ...(host ? ["  ALLOWED_HOSTS has no localhost: a browser is answered 421"] : []),
    ...(proxy ? ["  http_proxy is set here: export no_proxy=localhost, for curl"] : []),
  ];
}

function requests(places: Places): string[] {
  const { settings } = places;
  const examples = examplesOf(places);
  if (examples.length === 0) return [];
  const auth = settings.gateway?.GATEWAY_AUTH?.trim().toLowerCase();
  const isOwnPolicy = places.shell.ACCESS_POLICY_FILE && settings.aux;
  const bounds = [
    ...(auth === "jwt" ? [`with a token of ${settings.gateway?.GATEWAY_JWT_ISSUER} in TOKEN`] : []),
    ...(asksForKeys(settings.gateway) ? ["with the KEY of below"] : []),
    ...(isOwnPolicy ? ["as far as your policy allows"] : []),
  ];
  return [
    `Try${bounds.map((bound) => `, ${bound}`).join("")}:`,
    ...examples.map(({ curl }) => `  ${curl}`),
  ];
}

function jobs(places: Places): string[] {
  if (!places.database || !places.sessions) return [];
  const why = whyNoSteps(places);
  if (why) return [why, ""];
  return [
    `A GPU job, as alice@example.com (or . ${shellWord(places.sessions.user)}):`,
    ...[...exportsOf(KNOWN_SESSIONS.gpuUser), ...jobsSteps(places)].map((line) => `  ${line}`),
    "",
  ];
}
