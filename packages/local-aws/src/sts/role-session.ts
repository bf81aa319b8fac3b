// Starts a role session and puts it into the words of an AssumeRole answer.

import type { KnownRole } from "../known-identities.ts";
import type { World } from "../world.ts";
import type { XmlContent } from "../xml.ts";
import { validationError } from "./sts-input.ts";

export type RoleSession = {
  readonly AssumedRoleUser: XmlContent;
  readonly Credentials: {
    readonly AccessKeyId: string;
    readonly SecretAccessKey: string;
    readonly SessionToken: string;
    readonly Expiration: string;
  };
};

/**
 * `askedSeconds` is overridden while a `sessionSeconds` fault is on. Throws ValidationError for more than the
 * role allows.
 */
export function startRoleSession(
  world: World,
  operation: string,
  role: KnownRole,
  sessionName: string,
  askedSeconds: number,
  nowMs: number,
): RoleSession {
  if (askedSeconds > role.maxSessionSeconds) {
    throw validationError(
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  const short = world.faults.strike(["sessionSeconds"], "sts", operation).at(-1);
  const seconds = short?.seconds ?? askedSeconds;
  // The wire knows whole seconds only: the promise must not outlast the session.
  const expiresAtMs = Math.floor(nowMs / 1000 + seconds) * 1000;
  const session = world.sessions.start(role, sessionName, expiresAtMs);
  return {
    AssumedRoleUser: { AssumedRoleId: session.principal.userId, Arn: session.principal.arn },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(expiresAtMs).toISOString().replace(".000Z", "Z"),
    },
  };
}
