/** How routes declare their errors: as problem documents, with the media type they really have. */
import { Problem } from "@airlock/contract";

export interface ProblemResponse {
  readonly description: string;
  readonly content: { readonly "application/problem+json": { readonly schema: typeof Problem } };
}

/** What each status of a problem tells, by itself. */
export const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: "The request is not right.",
  401: "No valid proof of who is calling.",
  403: "Not allowed.",
  404: "Not there.",
  408: "The request did not arrive in time.",
  409: "Not as things are now.",
  410: "It was deleted.",
  412: "An If- header of the request is not met.",
  413: "The body is too large.",
  414: "The name or the whole URL is too long.",
  415: "The body is not JSON.",
  416: "The object has no such range; see Content-Range.",
  417: "Only 100-continue can be expected.",
  421: "This host name is not served here.",
  422: "The body is not what is asked for here, or the Idempotency-Key was that of another request.",
  426: "Only a WebSocket can be had here.",
  429: "Too many requests; see Retry-After.",
  431: "The headers are too large.",
  500: "Something went wrong here; it has been logged.",
  502: "What is behind failed.",
  503: "Not now; see Retry-After.",
  504: "What is behind was too slow.",
};

/**
 * For `response` in a route's schema: what the route itself answers. What any route like it may be refused
 * with stands in openapi/problem-answers.ts.
 */
export function problems<const S extends number>(...statuses: S[]): Record<S, ProblemResponse> {
  const content = { "application/problem+json": { schema: Problem } };
  return Object.fromEntries(
    statuses.map((status) => [status, { description: DESCRIPTIONS[status] ?? "Error", content }]),
  ) as Record<S, ProblemResponse>;
}
