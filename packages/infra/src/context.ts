/** What an installation chooses: one file of environments/ for each of its environments. */
import { readFileSync } from "node:fs";

export const ENVIRONMENTS_FOLDER = new URL("../environments/", import.meta.url);

export interface Context {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  /** The API's stage, first part of each of its paths. */
  readonly stage: string;
  /** What the gateway signs with; it may invoke the execution API and nothing else. */
  readonly gatewayRole: string;
  /** What reads S3 and SSM. */
  readonly auxRole: string;
  /** What the Lambda runs as; it may assume `auxRole` and write its log. */
  readonly lambdaRole: string;
  /** The IAM user of clusters outside AWS. */
  readonly baseUser: string;
  /** How pods come by the roles. */
  readonly workloadIdentity: "irsa" | "pod-identity";
  /** The cluster's issuer, without `https://`. */
  readonly oidcIssuer: string;
  readonly cluster: string;
  /** The parameters that aux reads are below this one. */
  readonly parameters: string;
  readonly buckets: readonly string[];
  readonly kmsKey: string;
  /** The `sub` of the workflow that may push images. */
  readonly releasedFrom: string;
  /** With an endpoint the API is private, and nobody else's network reaches it. */
  readonly vpcEndpoint: string | undefined;
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** How many instances of the Lambda there are at most. */
  readonly reservedConcurrency: number;
  /** Who is told of alarms; others may subscribe to the topic. */
  readonly alarmEmail: string | undefined;
}

type Members = Readonly<Record<keyof Context, RegExp | "number" | readonly RegExp[]>>;

const NAME = /^[\w+=,.@-]{1,64}$/;
const OPTIONAL = ["vpcEndpoint", "alarmEmail"];
/** A list says of what its members are, and that there is one at least. */
const MEMBERS: Members = {
  environment: /^[a-z][a-z0-9-]{0,15}$/,
  account: /^\d{12}$/,
  region: /^[a-z]{2}(-[a-z]+)+-\d$/,
  stage: /^\w{1,128}$/,
  gatewayRole: NAME,
  auxRole: NAME,
  lambdaRole: NAME,
  baseUser: NAME,
  workloadIdentity: /^(irsa|pod-identity)$/,
  oidcIssuer: /^[a-z0-9.-]+(\/[\w./-]+)?$/,
  cluster: /^[A-Za-z0-9][\w-]{0,99}$/,
  parameters: /^(\/[\w.-]+){2}$/,
  buckets: [/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/],
  kmsKey: /^[\w-]{1,64}$/,
  releasedFrom: /^repo:[^*\s]+$/,
  vpcEndpoint: /^vpce-[0-9a-f]+$/,
  requestsPerSecond: "number",
  burst: "number",
  reservedConcurrency: "number",
  alarmEmail: /^[^@\s]+@[^@\s]+$/,
};

/**
 * @param environment the file's name without `.json`.
 * @throws Error that names the file and every member that is missing, wrong or unknown.
 */
export function readContext(environment: string): Context {
  const file = new URL(`${environment}.json`, ENVIRONMENTS_FOLDER);
  const context = contextOf(JSON.parse(readFileSync(file, "utf8")), `${environment}.json`);
  if (context.environment !== environment)
    throw new Error(
      `${environment}.json: environment must be "${environment}", as the file's name`,
    );
  return context;
}

/** @throws Error that names `file` and every member that is missing, wrong or unknown. */
export function contextOf(value: unknown, file: string): Context {
  const members = { ...(value as Record<string, unknown>) };
  const faults = Object.keys(members)
    .filter((name) => !(name in MEMBERS))
    .map((name) => `${name} is not known`);
  for (const [name, wanted] of Object.entries(MEMBERS)) {
    const isAbsent = OPTIONAL.includes(name) && (members[name] ?? null) === null;
    if (isAbsent) members[name] = undefined;
    else if (!isValid(members[name], wanted)) faults.push(`${name} ${wordsFor(wanted)}`);
  }
  if (faults.length > 0) throw new Error(`${file}: ${faults.join("; ")}`);
  return members as unknown as Context;
}

function isValid(value: unknown, wanted: Members[keyof Context]): boolean {
  if (wanted === "number") return Number.isInteger(value) && (value as number) > 0;
  if (wanted instanceof RegExp) return typeof value === "string" && wanted.test(value);
  const [pattern] = wanted;
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => pattern !== undefined && isValid(one, pattern))
  );
}

function wordsFor(wanted: Members[keyof Context]): string {
  if (wanted === "number") return "must be a whole number above 0";
  if (wanted instanceof RegExp) return `must match ${wanted.source}`;
  return `must be a list of names that match ${wanted[0]?.source}`;
}
