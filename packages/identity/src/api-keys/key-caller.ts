/** How the owner of an API key is called as a caller: the AWS session that logged in. */
import { percentEncode } from "../percent-encode.ts";

/** The AWS session behind a key; the three together are one person, no part of them is. */
export interface KeyOwner {
  /** 12 digits. */
  readonly account: string;
  /** The role's name without its path. */
  readonly role: string;
  /** The session's name as AWS has it; chosen by whoever assumed the role. */
  readonly session: string;
}

/** AWS's own characters of role and session names: none of them is a separator or a wildcard. */
const KEPT = /^[A-Za-z0-9@._=,+-]$/;
const ALL_KEPT = /^[A-Za-z0-9@._=,+-]*$/;

/**
 * `aws:<account>:<role>:<session>`: in policies, logs and limits. One name for one owner and no
 * other: what is not AWS's own character is percent-encoded as UTF-8, in upper case.
 */
export const keyCaller = ({ account, role, session }: KeyOwner): string =>
  `aws:${account}:${written(role)}:${written(session)}`;

function written(part: string): string {
  if (ALL_KEPT.test(part)) return part;
  return [...part].map((one) => (KEPT.test(one) ? one : percentEncode(one))).join("");
}
