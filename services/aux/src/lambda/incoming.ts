/** Events of the API on their way in: what is dispatched of them, and what the API has found out of the caller. */
import type { ServerResponse } from "node:http";
import { ProblemError } from "@airlock/contract";
import type { App } from "@airlock/http";
import type { ExecutionApiCall } from "@airlock/identity";
import type { FastifyRequest } from "fastify";
import type { ApiEvent } from "./runtime.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Of @fastify/aws-lambda; there where an event is dispatched. */
    readonly awsLambda?: { readonly event?: ApiEvent };
  }
}

/** What is known of an event while it is answered. */
interface Known {
  readonly via: ExecutionApiCall;
  /** Undefined until there is one. */
  raw?: ServerResponse;
}

export interface Incoming {
  /** The same event as it is dispatched: one case of header names, and without what is for us alone. */
  take(event: ApiEvent): ApiEvent;
  viaOf(request: FastifyRequest): ExecutionApiCall | undefined;
  /** To be called once, behind everything else that the application is made of. */
  watch(app: App): void;
  /** Ends the work for an event that nobody reads the answer of. */
  abandon(event: ApiEvent): void;
}

/**
 * In the query: which headers the signature speaks of, by their names between dots. A REST API keeps
 * Authorization, where that stands as well, for itself; the query is signed, and shown.
 */
const SIGNED_PARAMETER = "x-airlock-signed";

export function createIncoming(): Incoming {
  const known = new WeakMap<object, Known>();
  const knownOf = ({ awsLambda }: FastifyRequest) => awsLambda?.event && known.get(awsLambda.event);
  return {
    take(event) {
      const { [SIGNED_PARAMETER]: named = [], ...query } =
        event.multiValueQueryStringParameters ?? {};
      const headers = headersOf(event);
      const { userArn } = event.requestContext.identity;
      // the signer's is the last: whatever stands before it came from a client
      const signedHeaders = new Set([...(named.at(-1)?.split(".") ?? []), ...signedIn(headers)]);
      const taken = {
        ...event,
        // the adapter reads a header that came once here, and others there
        headers: Object.fromEntries(headers.map(([name, [first = ""]]) => [name, first])),
        multiValueHeaders: Object.fromEntries(headers),
        queryStringParameters: null,
        multiValueQueryStringParameters: query,
      };
      known.set(taken, { via: { userArn: userArn ?? undefined, signedHeaders } });
      return taken;
    },
    viaOf: (request) => knownOf(request)?.via,
    watch(app) {
      app.addHook("onRequest", (request, { raw }, done) => {
        const one = knownOf(request);
        if (one) one.raw = raw;
        // it was resolved on its way here: what the API has allowed is another one
        const [path] = request.originalUrl.split("?", 1);
        const isResolved = request.awsLambda?.event?.path !== path;
        done(isResolved ? new ProblemError("bad_request", RESOLVED) : undefined);
      });
    },
    abandon(event) {
      known.get(event)?.raw?.destroy();
    },
  };
}

const RESOLVED = "The path has dot segments, or characters that must be percent-encoded.";

/** By names in lower case: the API shows names as they were sent, and one header may have several. */
function headersOf({ headers, multiValueHeaders }: ApiEvent): [string, readonly string[]][] {
  const all = new Map<string, readonly string[]>();
  const sent = multiValueHeaders ?? mapValues(headers ?? {});
  for (const [name, values] of Object.entries(sent)) {
    const lower = name.toLowerCase();
    all.set(lower, [...(all.get(lower) ?? []), ...values]);
  }
  return [...all];
}

const mapValues = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));

/** Of an Authorization header, where the API shows it. */
function signedIn(headers: readonly [string, readonly string[]][]): string[] {
  const [, values = []] = headers.find(([name]) => name === "authorization") ?? [];
  const [only, ...more] = values;
  if (only === undefined || more.length > 0) return [];
  return /^AWS4-HMAC-SHA256 .*SignedHeaders=([^, ]+)/.exec(only)?.[1]?.split(";") ?? [];
}
