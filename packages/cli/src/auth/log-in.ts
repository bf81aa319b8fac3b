/** From an AWS identity to an API key: a challenge, a signature over it, a key. */
import type { AwsLoginAnswer, LoginChallenge } from "@airlock/contract";
import { ApiError } from "../api/problem.ts";
import { jsonOf, type Transport } from "../api/transport.ts";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { type Config, isLoopback, serverIdOf } from "../config.ts";
import type { Environment } from "../environment.ts";
import type { Output } from "../output/output.ts";
import type { AwsKeyFinder, FoundAwsKeys } from "./aws-keys.ts";
import type { CachedKey } from "./key-cache.ts";

export interface LogInOptions {
  readonly url: URL;
  readonly transport: Transport;
  readonly env: Environment;
  readonly config: Config;
  readonly output: Output;
  readonly findAwsKeys: AwsKeyFinder;
  readonly profile?: string | undefined;
  readonly serverId?: string | undefined;
  readonly region?: string | undefined;
  /** Sends the credentials themselves, as the first release of the service wanted them. */
  readonly isRaw?: boolean;
}

const DEFAULT_REGION = "us-east-1";

/** @throws CliError */
export async function logIn(options: LogInOptions): Promise<CachedKey> {
  const { url, transport, output, findAwsKeys, profile } = options;
  if (url.protocol === "http:" && !isLoopback(url)) {
    if (options.isRaw)
      throw usageError("Credentials are not sent by http://, which anybody can read.");
    output.note(`${url.origin} is not encrypted: whoever listens has your key.`);
  }
  const found = await findAwsKeys(profile);
  try {
    const body = options.isRaw ? rawBody(options, found) : await signedBody(options, found);
    const answer = await transport({ method: "POST", path: "/v1/auth/aws-login", body });
    const { api_key, expires_at, username, aws_arn } = jsonOf<AwsLoginAnswer>(url, answer);
    return { api_key, expires_at, api_url: url.href, username, aws_arn };
  } catch (error) {
    throw explained(error, options, found);
  }
}

async function signedBody(options: LogInOptions, { keys, region: ofProfile }: FoundAwsKeys) {
  const { url, transport, env, config } = options;
  const region =
    options.region ??
    config.region ??
    (env.AWS_REGION || env.AWS_DEFAULT_REGION || ofProfile || DEFAULT_REGION);
  const answer = await transport({ method: "POST", path: "/v1/auth/challenge" });
  const { challenge } = jsonOf<LoginChallenge>(url, answer);
  const { signGetCallerIdentity } = await import("@airlock/identity/aws-login-signer");
  const serverId = serverIdOf(url, config, options.serverId);
  try {
    return signGetCallerIdentity({ credentials: keys, region, serverId, challenge });
  } catch (error) {
    if (error instanceof RangeError) {
      throw usageError(
        `There is no region ${region} to log in with.`,
        "gpu-dev login --region us-east-1",
      );
    }
    if (error instanceof TypeError) {
      throw usageError(`The server id ${JSON.stringify(serverId)} is not like a host name.`);
    }
    throw error;
  }
}

function rawBody({ url }: LogInOptions, { keys }: FoundAwsKeys) {
  if (!isLoopback(url)) {
    throw usageError("--raw is for a service on this machine: no other one is to see credentials.");
  }
  return {
    aws_access_key_id: keys.accessKeyId,
    aws_secret_access_key: keys.secretAccessKey,
    ...(keys.sessionToken !== undefined && { aws_session_token: keys.sessionToken }),
  };
}

/** The server's sentence, and with it what is likely wrong here. */
function explained(error: unknown, options: LogInOptions, { source }: FoundAwsKeys): unknown {
  if (!(error instanceof ApiError)) return error;
  const { problem } = error;
  const { detail, requestId, code } = problem;
  const refused = (next: string) =>
    new CliError(EXIT.loginNeeded, `${detail} (AWS credentials of ${source})`, { next, requestId });
  if (problem.status === 401 && /clock/.test(detail)) {
    return refused("Set this machine's clock; `gpu-dev doctor` tells how far it is off.");
  }
  if (problem.status === 401 && /signature/i.test(detail)) {
    const serverId = serverIdOf(options.url, options.config, options.serverId);
    return refused(
      `The login was signed for the server id ${serverId}; if the service has another name, set it: gpu-dev config set server_id NAME`,
    );
  }
  if (problem.status === 401 && /Expired/.test(detail)) {
    return refused(
      "These AWS credentials have expired; log in to AWS again, such as `aws sso login`.",
    );
  }
  if (problem.status === 401)
    return refused("`aws sts get-caller-identity` tells whether AWS takes them.");
  if (code === "wrong_principal") {
    return refused("Log in with a session of that role, such as by an AWS profile named gpu-dev.");
  }
  return error;
}
