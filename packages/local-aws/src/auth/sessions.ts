// Every credential this stand-in gave out or was born with, and the principal behind it.

import { randomBytes } from "node:crypto";
import {
  BASE_USER_ID,
  INVOKE_SESSIONS,
  KNOWN_SESSIONS,
  type KnownRole,
  type KnownSession,
  LOCAL_AWS,
  WRITER_SESSION,
} from "../known-identities.ts";

export interface Principal {
  /** A person's session is good for STS alone, an invoker's for the execution API as well. */
  readonly kind: "user" | "session" | "person" | "invoker";
  /** 12 digits. */
  readonly account: string;
  /** As GetCallerIdentity reports it. */
  readonly arn: string;
  readonly userId: string;
  /** The ARN a trust policy would name: the user itself, or the role behind the session. */
  readonly trustArn: string;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiresAtMs: number | undefined;
  readonly principal: Principal;
}

/** Temporary credentials, as STS hands them out. */
export type SessionCredential = Credential & {
  readonly sessionToken: string;
  readonly expiresAtMs: number;
};

/** What a revoked session is to AWS from then on: one that has ended, or keys that nobody knows. */
export type Revocation = "expired" | "unknown";

/** Short sessions in a long run would otherwise grow without end. */
const MAX_SESSIONS = 50_000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const BASE_USER: Credential = {
  accessKeyId: LOCAL_AWS.baseAccessKeyId,
  secretAccessKey: LOCAL_AWS.baseSecretAccessKey,
  sessionToken: undefined,
  expiresAtMs: undefined,
  principal: {
    kind: "user",
    account: LOCAL_AWS.accountId,
    arn: LOCAL_AWS.baseUserArn,
    userId: BASE_USER_ID,
    trustArn: LOCAL_AWS.baseUserArn,
  },
};

function credentialOf(session: KnownSession, kind: "person" | "session" | "invoker"): Credential {
  const { arn, ...keys } = session;
  const expiresAtMs = session === KNOWN_SESSIONS.expired ? 0 : undefined;
  const account = arn.split(":")[4] ?? "";
  const userId = `AROAEXAMPLEGPUROLE001:${arn.slice(arn.lastIndexOf("/") + 1)}`;
  const trustArn = kind === "invoker" ? roleOf(arn) : arn;
  const principal: Principal = { kind, account, arn, userId, trustArn };
  return { ...keys, expiresAtMs, principal };
}

/** The role of a session that has none of its own path. */
const roleOf = (arn: string): string =>
  arn.replace(/^arn:aws:sts::(\d+):assumed-role\/([^/]+)\/.*$/, "arn:aws:iam::$1:role/$2");

/** There from the start, and never dropped. */
const KNOWN_CREDENTIALS = [
  BASE_USER,
  ...Object.values(KNOWN_SESSIONS).map((session) => credentialOf(session, "person")),
  credentialOf(WRITER_SESSION, "session"),
  ...Object.values(INVOKE_SESSIONS).map((session) => credentialOf(session, "invoker")),
];

export class Sessions {
  private readonly byAccessKeyId = new Map<string, Credential>(
    KNOWN_CREDENTIALS.map((credential) => [credential.accessKeyId, credential]),
  );

  find(accessKeyId: string): Credential | undefined {
    return this.byAccessKeyId.get(accessKeyId);
  }

  /** Starts a session of a role; it ends at `expiresAtMs` by the server's clock. */
  start(role: KnownRole, sessionName: string, expiresAtMs: number): SessionCredential {
    const session: SessionCredential = {
      accessKeyId: `ASIA${[...randomBytes(16)].map((byte) => BASE32[byte % 32]).join("")}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: `IQoJlocal${randomBytes(180).toString("base64")}`,
      expiresAtMs,
      principal: {
        kind: role.invokesOnly ? "invoker" : "session",
        account: LOCAL_AWS.accountId,
        arn: `arn:aws:sts::${LOCAL_AWS.accountId}:assumed-role/${role.name}/${sessionName}`,
        userId: `${role.roleId}:${sessionName}`,
        trustArn: role.arn,
      },
    };
    this.byAccessKeyId.set(session.accessKeyId, session);
    if (this.byAccessKeyId.size > MAX_SESSIONS) this.dropOldest();
    return session;
  }

  /** Ends every session that was handed out, as of now; returns how many. */
  revoke(as: Revocation): number {
    let revoked = 0;
    for (const [accessKeyId, credential] of this.byAccessKeyId) {
      if (KNOWN_CREDENTIALS.includes(credential)) continue;
      if (as === "unknown") this.byAccessKeyId.delete(accessKeyId);
      else this.byAccessKeyId.set(accessKeyId, { ...credential, expiresAtMs: 0 });
      revoked++;
    }
    return revoked;
  }

  private dropOldest(): void {
    for (const [accessKeyId, credential] of this.byAccessKeyId) {
      if (KNOWN_CREDENTIALS.includes(credential)) continue;
      this.byAccessKeyId.delete(accessKeyId);
      return;
    }
  }
}
