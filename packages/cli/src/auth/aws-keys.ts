/** The AWS credentials of this shell, as the AWS CLI would find them. They stay on this machine. */
import type { AwsKeys } from "@airlock/identity/aws-login-signer";
import { CliError, EXIT } from "../cli-error.ts";
import type { Environment } from "../environment.ts";
import { readAwsProfiles } from "./aws-profiles.ts";

export interface FoundAwsKeys {
  readonly keys: AwsKeys;
  /** For people: `profile gpu-dev`, or `the default chain`. */
  readonly source: string;
  /** Of the profile, where it says one. */
  readonly region: string | undefined;
}

export type AwsKeyFinder = (profile: string | undefined) => Promise<FoundAwsKeys>;

/** Taken before all others where it exists. */
const OWN_PROFILE = "gpu-dev";

/**
 * The profile that is named, else `gpu-dev` where there is one, else what the AWS CLI would take: the
 * environment's keys, the profile of AWS_PROFILE or default, web identity, container and instance roles.
 *
 * @throws CliError when there are none, with what the chain says.
 */
export const awsKeyFinder =
  (env: Environment): AwsKeyFinder =>
  async (named) => {
    const profiles = await readAwsProfiles(env);
    const wanted = named ?? (profiles.has(OWN_PROFILE) ? OWN_PROFILE : undefined);
    const ofShell = env.AWS_PROFILE || undefined;
    const region = profiles.get(wanted ?? ofShell ?? "default")?.get("region");
    const given = wanted === undefined ? keysOf(env) : undefined;
    if (given) return { keys: given, source: "the environment", region };
    const profile = wanted ?? ofShell;
    if (profile !== undefined && !profiles.has(profile)) {
      const by = named === undefined ? ", which AWS_PROFILE names" : "";
      throw new CliError(
        EXIT.loginNeeded,
        `There is no AWS profile ${JSON.stringify(profile)}${by}.`,
      );
    }
    // not loaded before a login is made
    const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    try {
      const found = await defaultProvider({ logger: quiet, ...(profile && { profile }) })();
      const { accessKeyId, secretAccessKey, sessionToken } = found;
      const source = profile ? `profile ${profile}` : "the default chain";
      return { keys: { accessKeyId, secretAccessKey, sessionToken }, source, region };
    } catch (error) {
      throw noKeys(profile, error);
    }
  };

/** The SDK passes them over where AWS_PROFILE is set; the AWS CLI does not. */
function keysOf(env: Environment): AwsKeys | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined };
}

function noKeys(profile: string | undefined, error: unknown): CliError {
  const said = error instanceof Error ? error.message : "";
  const isSso = /sso/i.test(said);
  const where = profile ? `profile ${profile}` : "this shell";
  const why = profile || isSso ? ` ${said.replace(/\.?$/, ".")}` : "";
  return new CliError(EXIT.loginNeeded, `There are no AWS credentials in ${where}.${why}`, {
    next: isSso
      ? `aws sso login${profile ? ` --profile ${profile}` : ""}`
      : "Log in to AWS (such as `aws sso login`), or set GPU_DEV_API_KEY.",
    cause: error,
  });
}
