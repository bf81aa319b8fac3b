/** Where a session comes from: an assumed role, a web identity (IRSA), a chain of both, or neither. */
import { readFile } from "node:fs/promises";
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type Credentials as StsCredentials,
} from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import { clientLimits, endpointOf } from "./clients.ts";
import { type ObserveCall, observedCall } from "./observed-call.ts";
import type { Credentials, SessionSource } from "./session.ts";
import type { AwsSettings } from "./settings.ts";

/**
 * Chooses the source that the settings ask for.
 *
 * With a web identity token file, AWS_ROLE_ARN is that token's role and nothing else is assumed
 * unless ASSUME_ROLE_ARN names another. Otherwise AWS_ROLE_ARN is assumed from the base credentials.
 * With no role at all the default chain is used as it is.
 *
 * @param observe is told of each call to STS.
 */
export function sessionSource(settings: AwsSettings, observe: ObserveCall): SessionSource {
  const { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = settings;
  if (role && tokenFile) return webIdentity(settings, role, tokenFile, observe);
  const base = baseCredentials(settings);
  const sts = stsClient(settings, base);
  if (!role) {
    return {
      kind: "default_chain",
      fetch: async () => fromIdentity(await base()),
      account: async (signal) =>
        (await base()).accountId ?? (await callerAccount(sts, signal, observe)),
    };
  }
  const assume = (signal: AbortSignal) => assumeRole(sts, settings, role, signal, observe);
  return { kind: "assumed_role", fetch: assume, account: async () => accountOf(role) };
}

/** The fifth part of an ARN. */
const accountOf = (roleArn: string): string => roleArn.split(":")[4] ?? "";

/** Nobody needs a right for this. */
async function callerAccount(
  sts: STSClient,
  signal: AbortSignal,
  observe: ObserveCall,
): Promise<string> {
  return observedCall(observe, "sts.GetCallerIdentity", signal, async () => {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
    if (!Account) throw new Error("STS answered without an account");
    return Account;
  });
}

function webIdentity(
  settings: AwsSettings,
  role: string,
  tokenFile: string,
  observe: ObserveCall,
): SessionSource {
  const next = settings.ASSUME_ROLE_ARN;
  // the exchange of a token is not signed, so this client has no use for credentials
  const sts = stsClient(settings, async () => ({ accessKeyId: "", secretAccessKey: "" }));
  const fetchFirst = async (signal: AbortSignal, seconds: number) => {
    // read each time: the kubelet replaces the token long before it expires
    const token = (await readFile(tokenFile, { encoding: "utf8", signal })).trim();
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: role,
      RoleSessionName: sessionName(settings),
      WebIdentityToken: token,
      DurationSeconds: seconds,
    });
    return observedCall(observe, "sts.AssumeRoleWithWebIdentity", signal, async () =>
      fromSts((await sts.send(command, { abortSignal: signal })).Credentials, sts),
    );
  };
  if (!next) {
    const seconds = settings.AWS_ROLE_SESSION_SECONDS;
    return {
      kind: "web_identity",
      fetch: (signal) => fetchFirst(signal, seconds),
      account: async () => accountOf(role),
    };
  }
  let first: Credentials | undefined;
  const chained = stsClient(settings, async () => first ?? Promise.reject(new Error("no token")));
  return {
    kind: "chained_role",
    async fetch(signal) {
      // the first session only has to live until it has assumed the second: AWS's shortest will do
      first = await fetchFirst(signal, 900);
      return assumeRole(chained, settings, next, signal, observe);
    },
    account: async () => accountOf(next),
  };
}

async function assumeRole(
  sts: STSClient,
  settings: AwsSettings,
  role: string,
  signal: AbortSignal,
  observe: ObserveCall,
): Promise<Credentials> {
  const command = new AssumeRoleCommand({
    RoleArn: role,
    RoleSessionName: sessionName(settings),
    DurationSeconds: settings.AWS_ROLE_SESSION_SECONDS,
    ExternalId: settings.AWS_ROLE_EXTERNAL_ID,
  });
  return observedCall(observe, "sts.AssumeRole", signal, async () =>
    fromSts((await sts.send(command, { abortSignal: signal })).Credentials, sts),
  );
}

/** `<SERVICE_NAME>-session`, which CloudTrail shows as the caller. */
const sessionName = (settings: AwsSettings): string => `${settings.SERVICE_NAME}-session`;

function stsClient(settings: AwsSettings, credentials: AwsCredentialIdentityProvider): STSClient {
  return new STSClient({
    ...clientLimits(),
    ...endpointOf(settings, settings.AWS_ENDPOINT_URL_STS),
    region: settings.AWS_REGION,
    credentials: Object.assign(credentials, { memoized: true }),
    maxAttempts: 1, // the session has its own pace
  });
}

function baseCredentials(settings: AwsSettings): AwsCredentialIdentityProvider {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = settings;
  if (accessKeyId && secretAccessKey) {
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) });
  }
  return fromNodeProviderChain({ clientConfig: { region: settings.AWS_REGION } });
}

/** A Date header has whole seconds: smaller offsets say nothing. */
const LEAST_OFFSET_MS = 2000;

/** How far AWS's clock is ahead of ours at most; the SDK learns it from the Date of each answer. */
function clockOffsetMs({ systemClockOffset }: { systemClockOffset: number }): number {
  return Math.abs(systemClockOffset) < LEAST_OFFSET_MS ? 0 : systemClockOffset + 1000;
}

function fromSts(credentials: StsCredentials | undefined, sts: STSClient): Credentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
    throw new Error("STS answered without credentials");
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAt: Expiration.getTime() - clockOffsetMs(sts.config),
  };
}

function fromIdentity(identity: AwsCredentialIdentity): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = identity;
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    ...(expiration && { expiresAt: expiration.getTime() }),
  };
}
