/** Temporary credentials, and what is read of them: nothing is taken that could not be signed with. */
import type { AwsKeys } from "../aws-login/sign-identity-request.ts";

export interface AwsSession extends AwsKeys {
  readonly sessionToken: string;
  /** Milliseconds since the epoch, by AWS's clock. */
  readonly expiresAtMs: number;
}

export interface FetchedSession {
  readonly session: AwsSession;
  /** When it was given, by AWS's clock, in milliseconds since the epoch; NaN when nobody said. */
  readonly atMs: number;
}

export interface SessionSource {
  readonly kind: "web identity" | "container";
  /** @throws NoSessionError */
  fetch(signal: AbortSignal): Promise<FetchedSession>;
}

/** Why there is no session. The message is for the log and repeats nothing of an answer but AWS's own code. */
export class NoSessionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NoSessionError";
  }
}

const KEY_ID = /^[A-Z0-9]{16,128}$/;
const SECRET = /^[A-Za-z0-9/+=]{16,256}$/;
/** Goes into a header: no blank, no line break. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** What an answer holds, unchecked. */
export interface Found {
  readonly keyId: unknown;
  readonly secret: unknown;
  readonly token: unknown;
  /** ISO 8601. */
  readonly expiration: unknown;
}

/** @throws NoSessionError naming the member that is wrong, never its value. */
export function sessionOf({ keyId, secret, token, expiration }: Found): AwsSession {
  const expiresAtMs = typeof expiration === "string" ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresAtMs)) throw useless("when it expires");
  return {
    accessKeyId: matching(KEY_ID, keyId, "a key id"),
    secretAccessKey: matching(SECRET, secret, "a secret key"),
    sessionToken: matching(TOKEN, token, "a session token"),
    expiresAtMs,
  };
}

function matching(form: RegExp, value: unknown, what: string): string {
  if (typeof value !== "string" || !form.test(value)) throw useless(what);
  return value;
}

const useless = (what: string) =>
  new NoSessionError(`the answer with credentials does not say ${what}`);
