/** Requests to try, each a line for any shell, right for the settings of the run. */
import type { StartOptions } from "./options.ts";
import type { Environment } from "./plan.ts";
import type { Ports } from "./ports.ts";
import { shellWord } from "./shell-words.ts";

export interface Example {
  readonly curl: string;
  /** What the answer's body holds; the examples are run by a test. */
  readonly answer: string;
}

/** What the examples depend on. */
export interface Running {
  readonly options: StartOptions;
  readonly ports: Ports;
  /** What the services are given, by name. */
  readonly settings: Readonly<Record<string, Environment>>;
}

const VALUE = '"value":"db.dev.example.com"';

/** @returns none where nothing is known of what is there. */
export function examplesOf(running: Running): Example[] {
  const { options, ports } = running;
  if (options.useRealAws) return [];
  if (options.only === "aux") {
    const curl = curlTo(`http://localhost:${ports.AUX_PORT}`, hostOf(running.settings.aux));
    return [
      { curl: curl("/health"), answer: '"status":"healthy"' },
      { curl: curl("/parameters/airlock/dev/database/host"), answer: VALUE },
      { curl: curl("/s3/buckets"), answer: '"count":3,"buckets":[' },
    ];
  }
  if (options.only === "jobs") return [];
  if (options.only === "processor") {
    const host = hostOf(running.settings.processor);
    const curl = curlTo(`http://localhost:${ports.PROCESSOR_PORT}`, host);
    return [{ curl: curl("/health"), answer: '"cluster":"healthy"' }];
  }
  const settings = running.settings.gateway ?? {};
  const host = hostOf(settings);
  const curl = curlTo(`http://localhost:${ports.GATEWAY_PORT}`, host);
  const asCaller = curlTo(`http://localhost:${ports.GATEWAY_PORT}`, host, proofOf(settings));
  const health = { curl: curl("/health"), answer: '"status":' };
  if (options.only === "gateway") return [health];
  return [
    health,
    { curl: asCaller("/config//airlock/dev/database/host"), answer: VALUE },
    {
      curl: asCaller("/config?path=/airlock/dev/database"),
      answer: '"count":5,"parameters":[{"name":"/airlock/dev/database/host"',
    },
    {
      curl: asCaller("/storage/airlock-data-dev/reports/2026/summary.json"),
      answer: '{"orders":42,"ok":true}',
    },
  ];
}

const curlTo =
  (origin: string, ...headers: readonly (string | undefined)[]) =>
  (path: string): string =>
    ["curl", ...headers.map((header) => header && `-H ${header}`), shellWord(origin + path)]
      .filter(Boolean)
      .join(" ");

const authOf = ({ GATEWAY_AUTH = "none" }: Environment): string =>
  GATEWAY_AUTH.trim().toLowerCase();

/** Whether callers are asked for an API key of jobs. */
export const asksForKeys = (gateway: Environment = {}): boolean => authOf(gateway) === "api-key";

/** Undefined where callers are not asked who they are. */
function proofOf(gateway: Environment): string | undefined {
  if (asksForKeys(gateway)) return '"authorization: Bearer $KEY"';
  return authOf(gateway) === "jwt" ? '"authorization: Bearer $TOKEN"' : undefined;
}

/** A Host header, where `localhost` is none of the names that are served. */
export function hostOf({ ALLOWED_HOSTS = "" }: Environment = {}): string | undefined {
  const names = ALLOWED_HOSTS.toLowerCase()
    .split(",")
    .map((name) => name.trim());
  const isLocal = names.some((name) => name === "" || name.split(":")[0] === "localhost");
  if (isLocal) return undefined;
  return shellWord(`host: ${names[0]?.replace(/^\*\./, "any.")}`);
}
