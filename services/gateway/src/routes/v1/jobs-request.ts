/** What of a client's request goes to jobs: path, query and three headers. */
import type { IncomingMessage } from "node:http";
import { MAX_WAIT_SECONDS, ProblemError } from "@airlock/contract";
import { DUPLICATED, singleHeader } from "@airlock/identity";

/** Whatever names there are: ids, prefixes of keys, names of disks. No dots, nothing encoded. */
const PATH = /^\/v1(?:\/[A-Za-z0-9_-]+)+$/;
/** RFC 3986 §3.4. */
const QUERY = /^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*$/;

/**
 * Path and query for jobs. The query is written anew, each word in the one way there is to encode it: what
 * the gateway goes by in its text is then what jobs reads.
 *
 * @throws ProblemError not_found for a path that nothing of jobs can have, bad_request for a query
 * with characters that must be encoded.
 */
export function jobsPathOf({ url = "" }: IncomingMessage): string {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  if (!PATH.test(path)) throw new ProblemError("not_found", "There is nothing at this path.");
  const query = mark < 0 ? "" : url.slice(mark + 1);
  if (query === "") return path;
  if (QUERY.test(query)) return `${path}?${new URLSearchParams(query)}`;
  throw new ProblemError("bad_request", "The query has characters that must be percent-encoded.");
}

/** Seconds, as jobs reads them. */
const WAIT = /(?<=[?&]wait=)\d{1,2}(?=s?(?:&|$))/;

/** The same with a wait of no more than so many seconds. */
export const withShortWait = (path: string, maxSeconds: number): string =>
  path.replace(WAIT, (seconds) =>
    Number(seconds) > maxSeconds && Number(seconds) <= MAX_WAIT_SECONDS
      ? String(maxSeconds)
      : seconds,
  );

/** How long jobs holds what is asked for so; 0 where it says nothing that jobs takes. */
export const heldSecondsOf = (path: string): number => Number(WAIT.exec(path)?.[0] ?? 0);

const OWN_HEADERS = ["authorization", "idempotency-key", "last-event-id"] as const;
type OwnHeaders = Partial<Record<(typeof OWN_HEADERS)[number], string>>;

/**
 * The client's key, the one that makes a change happen once, and what a stream told last.
 *
 * @throws ProblemError bad_request for one that came twice: nobody knows which of them is meant.
 */
export function ownHeadersOf({ rawHeaders }: IncomingMessage): OwnHeaders {
  const headers: OwnHeaders = {};
  for (const name of OWN_HEADERS) {
    const value = singleHeader(rawHeaders, name);
    if (value === DUPLICATED) {
      throw new ProblemError("bad_request", `The header ${name} came more than once.`);
    }
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
