/** The headers that an operation honours and those that its answers have: what the OpenAPI documents tell of them, and the gateway passes on. */
import { OPERATION_IDS } from "./operation-ids.ts";

/** What each says. Accept and Authorization are told by media types and security (OpenAPI 3.1.1 §4.8.12). */
export const REQUEST_HEADERS = {
  "Cache-Control": "`no-cache` asks AWS, at most once a second for each name and process.",
  "Idempotency-Key":
    "1 to 255 printable characters, good for a day: what is sent twice with it is done once.",
  "If-Match": "ETags of the object, or `*`: 412 where it is another one.",
  "If-Modified-Since": "304 where the object has not changed since.",
  "If-None-Match": "ETags of what the client has, or `*`: 304 where nothing else would be sent.",
  "If-Range":
    "The ETag or Last-Modified of what the client has begun with: of another object all is sent.",
  "If-Unmodified-Since": "412 where the object has changed since.",
  "Last-Event-ID": "The `id` of the last event that the client has: those behind it are sent.",
  Range: "`bytes=0-99`, `bytes=100-` or `bytes=-100`: these bytes alone, as 206.",
} as const;
export type RequestHeader = keyof typeof REQUEST_HEADERS;

export interface AnswerHeader {
  readonly description: string;
  /** Seconds and the like, not a text. */
  readonly isCount?: boolean;
  /** All that there are. */
  readonly words?: readonly string[];
}

/** What each says; Content-Type is told by media types. */
export const ANSWER_HEADERS = {
  "Accept-Ranges": { description: "`bytes`: Range may name some of them." },
  Age: { description: "Seconds since AWS said so.", isCount: true },
  "Cache-Control": { description: "As the object has it, where no other caller may get it so." },
  "Content-Disposition": { description: "As the object has it." },
  "Content-Encoding": { description: "As the object has it." },
  "Content-Language": { description: "As the object has it." },
  "Content-Range": { description: "Which bytes these are, and of how many." },
  ETag: { description: "Names this answer: for If-None-Match, and of objects for If-Match." },
  Expires: { description: "As the object has it." },
  "Last-Modified": { description: "When the object was put." },
  "RateLimit-Limit": { description: "Requests a minute of one client.", isCount: true },
  "RateLimit-Remaining": { description: "What is left of them.", isCount: true },
  "RateLimit-Reset": { description: "Seconds until all of them are there again.", isCount: true },
  "Retry-After": { description: "Seconds to wait before it is tried again.", isCount: true },
  Upgrade: { description: "What the connection has to become." },
  Vary: { description: "The headers of the request that the answer depends on." },
  "WWW-Authenticate": { description: "The proof that is asked for, and what was wrong with it." },
  "X-Amz-Archive-Status": { description: "The archive that the object lies in." },
  "X-Amz-Restore": { description: "Whether the object is being brought back from an archive." },
  "X-Amz-Storage-Class": { description: "The storage class, where it is not STANDARD." },
  "X-Amz-Version-Id": { description: "The version that this is, in a bucket with versions." },
  "X-Cache": {
    description: "Where it comes from: what AWS said `age` seconds ago, or AWS itself.",
    words: ["hit", "miss", "stale", "bypass"],
  },
  "X-Request-Id": { description: "The request, as the log lines of every service have it." },
} as const satisfies Readonly<Record<string, AnswerHeader>>;
export type AnswerHeaderName = keyof typeof ANSWER_HEADERS;

/** RFC 9110 §13 and §14. */
export const OBJECT_CONDITIONS = [
  "If-Match",
  "If-Modified-Since",
  "If-None-Match",
  "If-Range",
  "If-Unmodified-Since",
  "Range",
] as const satisfies readonly RequestHeader[];

/** Of an object, as S3 tells it; beside them there are those of its owner, `x-amz-meta-…`. */
const OBJECT_HEADERS = [
  "Accept-Ranges",
  "Cache-Control",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Content-Range",
  "ETag",
  "Expires",
  "Last-Modified",
  "X-Amz-Archive-Status",
  "X-Amz-Restore",
  "X-Amz-Storage-Class",
  "X-Amz-Version-Id",
] as const satisfies readonly AnswerHeaderName[];

export type ObjectHeader = (typeof OBJECT_HEADERS)[number];

/** Where an answer comes from, and what to ask for another one with. */
const VALUE_HEADERS = ["Age", "ETag", "X-Cache"] as const;

export interface OperationHeaders {
  readonly honours: readonly RequestHeader[];
  /** With an answer that is no problem. */
  readonly sends: readonly AnswerHeaderName[];
}

const OF_LIST: OperationHeaders = { honours: ["If-None-Match"], sends: VALUE_HEADERS };
const OF_CACHED: OperationHeaders = {
  honours: ["Cache-Control", "If-None-Match"],
  sends: VALUE_HEADERS,
};
const OF_OBJECT: OperationHeaders = {
  honours: OBJECT_CONDITIONS,
  // as a list of versions it has an age
  sends: [...OBJECT_HEADERS, "Age", "Vary", "X-Cache"],
};
const OF_CHANGE: OperationHeaders = { honours: ["Idempotency-Key"], sends: [] };
const NONE: OperationHeaders = { honours: [], sends: [] };

/** By what generated clients call them. */
const BY_ID: Readonly<Record<string, OperationHeaders>> = {
  queryParameters: OF_CACHED,
  // by POST, which has no conditions (RFC 9110 §13.1.2)
  getParameters: { honours: ["Cache-Control"], sends: VALUE_HEADERS },
  getParameter: { ...OF_CACHED, sends: [...VALUE_HEADERS, "Vary"] },
  listBuckets: OF_CACHED,
  listObjects: OF_LIST,
  listObjectVersions: OF_LIST,
  getObject: OF_OBJECT,
  getJobEvents: { honours: ["Last-Event-ID"], sends: [] },
  // they look like changes, and are none
  planJob: NONE,
  adminCheckQuota: NONE,
};

/** All that answers of the services behind may have. */
export const SENT_HEADERS: readonly AnswerHeaderName[] = [
  ...new Set(Object.values(BY_ID).flatMap(({ sends }) => sends)),
];

/** A change asked for with a key. */
const CHANGE = /^(?:POST|DELETE) \/v1\/(?!auth\/)/;

/** @param place method and path, as OpenAPI writes it. */
export function headersOfOperation(place: string): OperationHeaders {
  return BY_ID[OPERATION_IDS[place] ?? ""] ?? (CHANGE.test(place) ? OF_CHANGE : NONE);
}
