/** What a run says once it is ready: where things are, and what to try. */
import { exportCredentials, jobsSteps } from "./jobs-steps.ts";
import type { LocalCluster } from "./local-cluster.ts";
import type { LocalDatabase } from "./local-database.ts";
import type { Output } from "./output.ts";
import type { StartOptions } from "./plan.ts";
import type { Ports } from "./ports.ts";

/** What there is to tell about. */
export interface Places {
  readonly ports: Ports;
  readonly cluster?: LocalCluster | undefined;
  readonly database?: LocalDatabase | undefined;
}

export interface Example {
  readonly curl: string;
  /** What the answer's body holds; the examples are run by a test. */
  readonly answer: string;
}

export function examples(gatewayPort: number): Example[] {
  const url = `http://localhost:${gatewayPort}`;
  return [
    { curl: `curl ${url}/health`, answer: '"status":"healthy"' },
    { curl: `curl ${url}/storage`, answer: '"count":3,"buckets":[{"name":"airlock-backups-dev"' },
    { curl: `curl ${url}/config`, answer: '"name":"/airlock/dev/database/host","type":"String"' },
    {
      curl: `curl ${url}/config//airlock/dev/database/host`,
      answer: '"value":"db.dev.example.com"',
    },
    {
      curl: `curl ${url}/config/my-parameter`,
      answer: '"value":"a root-level value"',
    },
    {
      curl: `curl ${url}/config?path=/airlock/dev/database`,
      answer: '"count":5,"parameters":[{"name":"/airlock/dev/database/host"',
    },
    {
      curl: `curl ${url}/storage/airlock-data-dev/reports/2026/summary.json`,
      answer: '{"orders":42,"ok":true}',
    },
  ];
}

export function printBanner(output: Output, options: StartOptions, places: Places): void {
  const { only, useRealAws } = options;
  const { ports } = places;
  const table = rowsOf(options, places).map(([name, where, note]) =>
    `  ${name.padEnd(10)} ${where.padEnd(30)} ${note}`.trimEnd(),
  );
  const tryThese = only === "aux" || useRealAws ? [] : examples(ports.GATEWAY_PORT);
  const steps = only === "all" && !useRealAws ? jobsSteps(ports.GATEWAY_PORT) : [];
  const lines = tryThese.flatMap(({ curl, answer }) => [`  ${curl}`, `      … ${answer} …`]);
  output.say(
    [
      "",
      "Ready. Ctrl-C stops everything.",
      "",
      ...table,
      "",
      ...(lines.length > 0 ? ["Try:", "", ...lines, ""] : []),
      ...(steps.length > 0 ? [...AS_ALICE, "", exportCredentials(), ...steps, ""] : []),
    ].join("\n"),
  );
  output.record({ msg: "ready", ports, examples: tryThese });
}

const AS_ALICE = [
  "A GPU job, as alice@example.com: a session of the role that may log in, which only the stand-in knows.",
];

/** Name, address and a note for each thing that runs. */
function rowsOf({ only, useRealAws }: StartOptions, places: Places): [string, string, string][] {
  const { ports, cluster, database } = places;
  const url = (port: number) => `http://localhost:${port}`;
  const serviceRows = (name: string, port: number, metricsPort: number) =>
    [
      [name, url(port), `docs ${url(port)}/docs`],
      ["", `${url(metricsPort)}/metrics`, ""],
    ] satisfies [string, string, string][];
  const rows: [string, string, string][] = [];
  if (only !== "aux") {
    rows.push(...serviceRows("gateway", ports.GATEWAY_PORT, ports.GATEWAY_METRICS_PORT));
  }
  if (only !== "gateway") {
    rows.push(...serviceRows("aux", ports.AUX_PORT, ports.AUX_METRICS_PORT));
  }
  if (database) {
    rows.push(...serviceRows("jobs", ports.JOBS_PORT, ports.JOBS_METRICS_PORT));
    rows.push(["postgres", `127.0.0.1:${database.port}`, `kept in ${database.folder}`]);
  }
  if (only !== "gateway" && !useRealAws) {
    rows.push(["local-aws", url(ports.LOCAL_AWS_PORT), "stand-in for STS, S3 and SSM"]);
  }
  if (cluster) {
    rows.push(["issuer", cluster.issuer, "plays the cluster; gateway alone has its tokens"]);
  }
  return rows;
}
