/** Which of the services' settings a run takes from the shell, and which it sets itself. */
import { readFileSync } from "node:fs";

export type ServiceName = "gateway" | "aux" | "jobs" | "processor";
type Environment = Readonly<Record<string, string | undefined>>;

/** Generated from the services' schemas, which take a second to load. */
const NAMES: Readonly<Record<ServiceName, readonly string[]>> = JSON.parse(
  readFileSync(new URL("setting-names.json", import.meta.url), "utf8"),
);

/** Where a run would leave this machine, or its own database. */
const NEVER =
  /^(AWS_.*|ASSUME_ROLE_ARN|ENVIRONMENT|HOST|KUBECONFIG|DATABASE_(URL|SSLMODE|CA_FILE)|POSTGRES_.*|ENV_VARS_KEYS_FILE)$/;

/** The settings of a service that the shell has, but for those that no run may take from it. */
export function handedOn(shell: Environment, service: ServiceName): Record<string, string> {
  return pick(shell, (name) => NAMES[service].includes(name) && !NEVER.test(name));
}

/**
 * The settings that the shell has in vain: no service of the run has them as they are there.
 *
 * @param services what they are given.
 */
export function overruled(
  shell: Environment,
  services: Readonly<Partial<Record<ServiceName, Environment>>>,
): string[] {
  const given = Object.entries(services) as [ServiceName, Environment][];
  // what the SDKs would read and no schema names
  const known = new Set([...given.flatMap(([service]) => NAMES[service]), "AWS_PROFILE"]);
  return [...known]
    .filter((name) => shell[name] && given.every(([, env]) => env[name] !== shell[name]))
    .sort();
}

/** The variables with a value; an empty one counts as unset. */
export function pick(
  shell: Environment,
  wanted: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(shell).filter(
      (entry): entry is [string, string] => wanted(entry[0]) && Boolean(entry[1]),
    ),
  );
}
