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
 * The profile that is named, else `gpu-dev` where there is one, else the chain: environment, SSO,
 * AWS_PROFILE or default, processes, web identity, container and instance roles.
 *
 * @throws CliError when there are none, with what the chain says.
 */
export const awsKeyFinder =
  (env: Environment): AwsKeyFinder =>
  async (named) => {
    const profiles = await readAwsProfiles(env);
    if (named !== undefined && !profiles.has(named)) {
      throw new CliError(EXIT.loginNeeded, `There is no AWS profile ${JSON.stringify(named)}.`);
    }
    const profile = named ?? (profiles.has(OWN_PROFILE) ? OWN_PROFILE : undefined);
    const inForce = profile ?? env.AWS_PROFILE ?? "default";
    const region = profiles.get(inForce)?.get("region");
    // not loaded before a login is made
    const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    try {
      const found = await defaultProvider({ logger: quiet, ...(profile && { profile }) })();
      const { accessKeyId, secretAccessKey, sessionToken } = found;
      const source = profile ? `profile ${profile}` : sourceOf(env);
      return { keys: { accessKeyId, secretAccessKey, sessionToken }, source, region };
    } catch (error) {
      throw noKeys(profile, error);
    }
  };

const sourceOf = ({ AWS_PROFILE, AWS_ACCESS_KEY_ID }: Environment): string => {
  if (AWS_PROFILE) return `profile ${AWS_PROFILE}`;
  return AWS_ACCESS_KEY_ID ? "the environment" : "the default chain";
};

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
