/** What any proof of the calling service ends in: for whom it speaks, or how it is refused. */
import { callerIn, UNREADABLE } from "./caller-name.ts";
import { decodeGroups } from "./group-names.ts";
import type { Allowed, Refused } from "./guard.ts";
import { CLIENT_HEADER, GROUPS_HEADER, LAYER_SCHEME, singleHeader } from "./headers.ts";
import {
  type Principal,
  type Reason,
  type Refusal,
  type RefusalCode,
  refusalCode,
} from "./verify-result.ts";

export interface AllowedLayer extends Allowed {
  /** The end caller, only beside a verified proof. */
  readonly caller?: string;
  /** The end caller's groups, only beside the caller; undefined when there are none. */
  readonly groups?: readonly string[];
  /** Whom a token speaks of. */
  readonly principal?: Principal;
  /** The name of the role session that has called; for the log. */
  readonly session?: string;
  /** The end client's address as it was sent, only beside a verified proof. */
  readonly client?: string;
}

export interface RefusedLayer extends Refused<RefusalCode, Reason> {
  /** For the log: whom a good proof of somebody else names. */
  readonly subject?: string;
}

/** Undefined where it says for whom, and that cannot be read. */
export function speaksFor(rawHeaders: readonly string[]): AllowedLayer | undefined {
  const sent = singleHeader(rawHeaders, CLIENT_HEADER);
  const client = typeof sent === "string" ? { client: sent } : {};
  const caller = callerIn(rawHeaders);
  if (caller === undefined) return { allow: true, ...client };
  const listed = singleHeader(rawHeaders, GROUPS_HEADER);
  const groups = typeof listed === "string" ? decodeGroups(listed) : undefined;
  const isUnread = listed !== undefined && groups === undefined;
  if (caller === UNREADABLE || isUnread) return undefined;
  return { allow: true, caller, ...(groups && { groups }), ...client };
}

export const refused = ({ status, reason, subject }: Refusal): RefusedLayer => ({
  allow: false,
  status,
  code: refusalCode(status),
  reason,
  headers: HEADERS[status],
  ...(subject && { subject }),
});

/**
 * A refusal names a scheme (RFC 9110 §11.6.1), which tells nothing that the header's name does not,
 * and tells the calling service that it is meant, not the caller whose request it passes on.
 */
const HEADERS: Readonly<Record<Refusal["status"], Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": LAYER_SCHEME },
  403: { "www-authenticate": LAYER_SCHEME },
  503: { "retry-after": "1" },
};
