/** Takes what a server sent on one connection apart into answers. */

export interface Received {
  /** Final statuses, in order; interim ones (1xx) are left out. */
  readonly statuses: readonly number[];
  /** The X-Request-Id of each of them. */
  readonly ids: readonly (string | undefined)[];
  /** Bytes that are no whole answer: an answer cut short, or something behind the last one. */
  readonly rest: string;
  /** Answers of 500 and above, as they came. */
  readonly failures: readonly string[];
}

/** @param methods of the requests, in order: an answer to HEAD has no body whatever its length says. */
export function readResponses(bytes: string, methods: readonly string[]): Received {
  const statuses: number[] = [];
  const ids: (string | undefined)[] = [];
  const failures: string[] = [];
  let rest = bytes;
  while (rest !== "") {
    const headEnd = rest.indexOf("\r\n\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(rest)?.[1]);
    if (headEnd < 0 || !status) break;
    const head = rest.slice(0, headEnd).toLowerCase();
    const bodyAt = headEnd + 4;
    if (status < 200) {
      rest = rest.slice(bodyAt);
      continue;
    }
    const end = answerEnd(rest, head, bodyAt, status, methods[statuses.length]);
    if (end === undefined || end > rest.length) break;
    statuses.push(status);
    ids.push(/\r\nx-request-id: ([^\r]*)/.exec(head)?.[1]);
    if (status >= 500) failures.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return { statuses, ids, rest, failures };
}

function answerEnd(
  text: string,
  head: string,
  bodyAt: number,
  status: number,
  method: string | undefined,
): number | undefined {
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  const isBodiless = method === "HEAD" || status === 204 || status === 304;
  // a request that cannot be parsed has no method yet: the last words may have a body even so
  const isLastWord =
    status === 400 && /\r\nconnection: close/.test(head) && text.length === bodyAt + Number(length);
  if (isBodiless && !isLastWord) return bodyAt;
  if (length !== undefined) return bodyAt + Number(length);
  if (!/\r\ntransfer-encoding: chunked/.test(head)) return undefined;
  const last = text.indexOf("0\r\n\r\n", bodyAt);
  return last < 0 ? undefined : last + 5;
}
