/** What a run says once it is ready: where things are, and what to try. */
import type { LocalCluster } from "./local-cluster.ts";
import type { Output } from "./output.ts";
import type { StartOptions } from "./plan.ts";
import type { Ports } from "./ports.ts";

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

export function printBanner(
  output: Output,
  options: StartOptions,
  ports: Ports,
  cluster?: LocalCluster,
): void {
  const { only, useRealAws } = options;
  const url = (port: number) => `http://localhost:${port}`;
  const rows: [string, string, string][] = [];
  if (only !== "aux") {
    rows.push(["gateway", url(ports.GATEWAY_PORT), `docs ${url(ports.GATEWAY_PORT)}/docs`]);
    rows.push(["", `${url(ports.GATEWAY_METRICS_PORT)}/metrics`, ""]);
  }
  if (only !== "gateway") {
    rows.push(["aux", url(ports.AUX_PORT), `docs ${url(ports.AUX_PORT)}/docs`]);
    rows.push(["", `${url(ports.AUX_METRICS_PORT)}/metrics`, ""]);
    if (!useRealAws) {
      rows.push(["local-aws", url(ports.LOCAL_AWS_PORT), "stand-in for STS, S3 and SSM"]);
    }
  }
  if (cluster) rows.push(["issuer", cluster.issuer, "plays the cluster; aux enforces its tokens"]);
  const table = rows.map(([name, where, note]) =>
    `  ${name.padEnd(10)} ${where.padEnd(30)} ${note}`.trimEnd(),
  );
  const tryThese = only === "aux" || useRealAws ? [] : examples(ports.GATEWAY_PORT);
  const lines = tryThese.flatMap(({ curl, answer }) => [`  ${curl}`, `      … ${answer} …`]);
  output.say(
    [
      "",
      "Ready. Ctrl-C stops everything.",
      "",
      ...table,
      "",
      ...(lines.length > 0 ? ["Try:", "", ...lines, ""] : []),
    ].join("\n"),
  );
  output.record({ msg: "ready", ports, examples: tryThese });
}
