/** Paths as they came: a router has decoded its own copy already. */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";

/**
 * The undecoded path after `prefix`, without the query.
 *
 * @throws ProblemError not_found where the prefix itself is spelt otherwise (`/%63onfig/a`): the
 * router has taken it for the same, but what follows it stands elsewhere.
 */
export function restOfPath({ url = "" }: IncomingMessage, prefix: string): string {
  if (!url.startsWith(prefix)) {
    throw new ProblemError("not_found", "There is nothing at this path.");
  }
  const query = url.indexOf("?");
  return url.slice(prefix.length, query < 0 ? undefined : query);
}
