/** An S3 of one object that reads conditions as some servers do: wrongly, and differently from each other. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface FakeObject {
  readonly body: string;
  readonly etag: string;
  readonly modified: string;
  readonly cacheControl?: string;
}

export interface Habits {
  /** How a range is refused: with the size as S3 tells it, in a header, or without a word. */
  readonly refusal: "size" | "header" | "silent";
  /** A range that ends before it begins is refused as one past the end. */
  readonly refusesReversed: boolean;
  readonly ignoresRange: boolean;
  /** The last no bytes are all of them. */
  readonly givesAllForNone?: boolean;
}

export const AS_S3: Habits = { refusal: "size", refusesReversed: false, ignoresRange: false };
export const AS_CEPH: Habits = {
  refusal: "silent",
  refusesReversed: true,
  ignoresRange: false,
  givesAllForNone: true,
};
export const SERVERS: readonly Habits[] = [
  AS_S3,
  AS_CEPH,
  { refusal: "header", refusesReversed: true, ignoresRange: false },
  { refusal: "silent", refusesReversed: false, ignoresRange: true },
];

export interface FakeS3 {
  readonly url: string;
  /** The requests of late: method, range. */
  readonly asked: string[];
  object: FakeObject;
  habits: Habits;
  /** Runs before the answer to the request. */
  before: (asked: string) => void;
}

export async function startFakeS3(t: TestContext, object: FakeObject): Promise<FakeS3> {
  const server = createServer(({ method = "", headers }, response) => {
    const line = `${method} ${headers.range ?? ""}`.trim();
    fake.before(line);
    fake.asked.push(line);
    answer(fake, method, headers, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const fake: FakeS3 = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    object,
    habits: AS_S3,
    before: () => {},
  };
  return fake;
}

function answer(
  { object, habits }: FakeS3,
  method: string,
  headers: IncomingHttpHeaders,
  response: ServerResponse,
): void {
  const instead = insteadOf(object, headers);
  const range = rangeIn(headers.range, object, habits);
  const common = {
    etag: object.etag,
    "last-modified": object.modified,
    "x-amz-request-id": "1",
    ...(object.cacheControl && { "cache-control": object.cacheControl }),
  };
  if (instead !== undefined) response.writeHead(instead).end();
  else if (range === "refused") refuse(response, habits, object.body.length);
  else {
    const text = range ? object.body.slice(range[0], range[1] + 1) : object.body;
    const size = object.body.length;
    const place = range && { "content-range": `bytes ${range[0]}-${range[1]}/${size}` };
    response.writeHead(range ? 206 : 200, { ...common, ...place, "content-length": text.length });
    response.end(method === "HEAD" ? undefined : text);
  }
}

/** Strong where it must be weak, every condition by itself, and nothing told beside the status. */
function insteadOf({ etag, modified }: FakeObject, headers: IncomingHttpHeaders) {
  const isAs = (given: string | undefined) => given === etag || given === "*";
  const unmodified = headers["if-unmodified-since"];
  if (headers["if-match"] && !isAs(headers["if-match"])) return 412;
  if (unmodified && unmodified !== modified) return 412;
  const isKnown = isAs(headers["if-none-match"]) || headers["if-modified-since"] === modified;
  return isKnown ? 304 : undefined;
}

function rangeIn(field: string | undefined, { body }: FakeObject, habits: Habits) {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(field ?? "") ?? [];
  if (habits.ignoresRange || (from === "" && to === "")) return undefined;
  const size = body.length;
  if (habits.givesAllForNone && from === "" && Number(to) === 0) return [0, size - 1] as const;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  const isReversed = from !== "" && to !== "" && Number(to) < first;
  if (isReversed) return habits.refusesReversed ? "refused" : undefined;
  return first < size ? ([first, last] as const) : "refused";
}

function refuse(response: ServerResponse, { refusal }: Habits, size: number): void {
  if (refusal === "header") {
    response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    return;
  }
  const told = refusal === "size" ? `<ActualObjectSize>${size}</ActualObjectSize>` : "";
  response.writeHead(416, { "content-type": "application/xml" });
  response.end(`<Error><Code>InvalidRange</Code>${told}</Error>`);
}
