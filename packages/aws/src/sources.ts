/** Where a session comes from: an assumed role, a web identity (IRSA), a chain of both, or neither. */
import { readFile } from "node:fs/promises";
import { type AwsClock, SettingsError } from "@airlock/config";
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type Credentials as StsCredentials,
} from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import { clientOptions, endpointOf } from "./clients.ts";
import { type ObserveCall, observedCall } from "./observed-call.ts";
import { onAwsClock } from "./on-aws-clock.ts";
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
export function sessionSource(
  settings: AwsSettings,
  clock: AwsClock,
  observe: ObserveCall,
): SessionSource {
  const { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile } = settings;
  if (role && tokenFile) return webIdentity(settings, role, tokenFile, clock, observe);
  const base = baseCredentials(settings);
  const sts = stsClient(settings, base, clock);
  if (!role) {
    return {
      kind: "default_chain",
      async fetch(signal) {
        const credentials = fromIdentity(await base());
        // what looks ended may be no more than a clock that is wrong: any answer of AWS tells the time
        if ((credentials.expiresAt ?? Number.POSITIVE_INFINITY) < clock.awsNow) {
          await callerAccount(sts, signal, observe).catch(() => undefined);
        }
        return credentials;
      },
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
  clock: AwsClock,
  observe: ObserveCall,
): SessionSource {
  const next = settings.ASSUME_ROLE_ARN;
  // the exchange of a token is not signed, so this client has no use for credentials
  const sts = stsClient(settings, async () => ({ accessKeyId: "", secretAccessKey: "" }), clock);
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
      fromSts((await sts.send(command, { abortSignal: signal }).catch(refuseLength)).Credentials),
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
  const fromFirst = async () => first ?? Promise.reject(new Error("no token"));
  const chained = stsClient(settings, fromFirst, clock);
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
    fromSts((await sts.send(command, { abortSignal: signal }).catch(refuseLength)).Credentials),
  );
}

/** STS alone knows what the role allows, and whether its caller is another role's session. */
function refuseLength(error: unknown): never {
  const text = error instanceof Error && error.name === "ValidationError" ? error.message : "";
  if (!text.includes("DurationSeconds exceeds")) throw error;
  const why = text.includes("chaining")
    ? "must be at most 3600 here: AWS limits a role assumed from another role's session (role chaining) to one hour"
    : "is more than the MaxSessionDuration of the role allows: lower it, or raise that";
  throw new SettingsError([`AWS_ROLE_SESSION_SECONDS: ${why}`]);
}

/** `<SERVICE_NAME>-session`, which CloudTrail shows as the caller. */
const sessionName = (settings: AwsSettings): string => `${settings.SERVICE_NAME}-session`;

function stsClient(
  settings: AwsSettings,
  credentials: AwsCredentialIdentityProvider,
  clock: AwsClock,
): STSClient {
  const sts = new STSClient({
    ...clientOptions(settings),
    ...endpointOf(settings, settings.AWS_ENDPOINT_URL_STS),
    region: settings.AWS_REGION,
    credentials: Object.assign(credentials, { memoized: true }),
    maxAttempts: 1, // the session has its own pace
  });
  // the SDK tells the time of answers to signed calls alone, and the exchange of a token is not
  sts.middlewareStack.add(
    (next) => async (call) => {
      const answer = await next(call);
      const { headers } = answer.response as { headers?: Record<string, string> };
      clock.note(Date.parse(headers?.date ?? ""));
      return answer;
    },
    { step: "deserialize", priority: "low", name: "awsTime" },
  );
  return onAwsClock(sts, clock);
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
  // made anew each time, and files read again: the SDK's memo keeps credentials until five minutes before
  // their end, and lets everybody wait for a source that hangs
  const clientConfig = { ...clientOptions(settings), region: settings.AWS_REGION };
  return () => fromNodeProviderChain({ clientConfig, ignoreCache: true })({ forceRefresh: true });
}

function fromSts(credentials: StsCredentials | undefined): Credentials {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
    throw new Error("STS answered without credentials");
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAt: Expiration.getTime(),
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
