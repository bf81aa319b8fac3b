/** Logins: a challenge, a proof of an AWS identity, an API key. */
import {
  type AwsLoginAnswer,
  type LoginChallenge,
  ProblemError,
  type RawAwsLogin,
} from "@airlock/contract";
import {
  type AwsIdentity,
  type AwsLogin,
  type AwsLoginProof,
  type AwsLoginRefusal,
  type AwsLoginResult,
  hashChallenge,
  keyCaller,
  newChallenge,
} from "@airlock/identity";
import { consumeChallenge, insertChallenge, type Store } from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import type { Audit } from "./audit.ts";
import { issueKey } from "./issue-key.ts";
import type { JobsMetrics } from "./jobs-metrics.ts";
import { transact } from "./races.ts";
import { userDisabled } from "./users.ts";

export interface Logins {
  challenge(): Promise<LoginChallenge>;
  /** @throws ProblemError */
  byProof(request: FastifyRequest, proof: AwsLoginProof): Promise<AwsLoginAnswer>;
  /** @throws ProblemError; raw_login_off before anybody is asked about the credentials. */
  byKeys(request: FastifyRequest, keys: RawAwsLogin): Promise<AwsLoginAnswer>;
}

export interface LoginsOptions {
  readonly store: Store;
  readonly awsLogin: AwsLogin;
  readonly audit: Audit;
  readonly metrics: Pick<JobsMetrics, "logins" | "keys">;
  readonly ttlHours: number;
  /** Whose STS is asked about credentials that were handed over. */
  readonly region: string;
  readonly allowsRaw: boolean;
}

const CHALLENGE_SECONDS = 60;

export function createLogins(options: LoginsOptions): Logins {
  const { store, awsLogin, audit, metrics, region, allowsRaw } = options;

  const refuse = (request: FastifyRequest, reason: string, problem: ProblemError, arn?: string) => {
    metrics.logins.labels(reason).inc();
    audit.refused(request, "login", { reason, ...(arn !== undefined && { arn }) });
    return problem;
  };

  const admit = async (
    request: FastifyRequest,
    result: AwsLoginResult,
  ): Promise<AwsLoginAnswer> => {
    if (!result.ok) throw refuse(request, result.reason, problemOf(result), result.arn);
    const { identity } = result;
    const ttlSeconds = options.ttlHours * 3600;
    const issued = await transact(store, (db) => issueKey(db, identity, ttlSeconds), {
      user: callerOf(identity),
    });
    if (!issued) throw refuse(request, "disabled", userDisabled(), identity.arn);
    const { user, keyPrefix, ended } = issued;
    const { username } = user;
    request.caller = callerOf(identity);
    metrics.logins.labels("ok").inc();
    metrics.keys.labels("made").inc();
    metrics.keys.labels("ended").inc(ended.length);
    audit.done(request, "login", { arn: identity.arn, username, key_prefix: keyPrefix });
    for (const prefix of ended) audit.done(request, "key_ended", { key_prefix: prefix });
    return {
      api_key: issued.apiKey,
      key_prefix: keyPrefix,
      user_id: user.user_id,
      username,
      aws_arn: identity.arn,
      expires_at: issued.expiresAt.toISOString(),
      ttl_hours: options.ttlHours,
    };
  };

  return {
    challenge: () => makeChallenge(store),
    async byProof(request, proof) {
      // used up before anybody is asked: whatever comes of it, it was one attempt
      const state = await consumeChallenge(store.pool, hashChallenge(proof.challenge));
      if (state !== "good") throw refuse(request, `challenge_${state}`, invalidChallenge());
      return await admit(request, await awsLogin.verify(proof));
    },
    async byKeys(request, keys) {
      if (!allowsRaw) throw refuse(request, "raw_off", rawLoginOff());
      const credentials = {
        accessKeyId: keys.aws_access_key_id,
        secretAccessKey: keys.aws_secret_access_key,
        sessionToken: keys.aws_session_token ?? undefined,
      };
      return await admit(request, await awsLogin.verifyKeys(credentials, region));
    },
  };
}

const callerOf = ({ account, role, sessionName }: AwsIdentity): string =>
  keyCaller({ account, role, session: sessionName });

async function makeChallenge(store: Store): Promise<LoginChallenge> {
  const challenge = newChallenge();
  const challengeHash = hashChallenge(challenge);
  const ttlSeconds = CHALLENGE_SECONDS;
  const expiresAt = await insertChallenge(store.pool, { challengeHash, ttlSeconds });
  return { challenge, expires_at: expiresAt.toISOString(), ttl_seconds: ttlSeconds };
}

const CHALLENGE_HEADER = { "www-authenticate": "Airlock-AWS-Login" };

function problemOf({ code, status, detail, cause }: AwsLoginRefusal): ProblemError {
  if (status === 401) return new ProblemError(code, detail, { headers: CHALLENGE_HEADER });
  if (status === 403) return new ProblemError(code, detail);
  return new ProblemError(code, detail, { headers: { "retry-after": "1" }, cause });
}

const invalidChallenge = () =>
  new ProblemError(
    "invalid_challenge",
    "The challenge was used before, has expired, or is not of this service; get a new one.",
    { headers: CHALLENGE_HEADER },
  );

const rawLoginOff = () =>
  new ProblemError(
    "raw_login_off",
    "Credentials are not taken here; sign a challenge of POST /v1/auth/challenge instead.",
  );
