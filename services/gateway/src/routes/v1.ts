/** `/v1/*`: the jobs API, by way of jobs, which checks the keys. */
import { EVENT_EXAMPLE, LOG_EXAMPLE } from "@airlock/contract";
import { type App, demandWebSocket, problems, type RateLimit } from "@airlock/http";
import type { FastifyReply, FastifyRequest, FastifySchema } from "fastify";
import * as z from "zod";
import { createKeyHolders, type OnAnswer } from "../jobs/key-holders.ts";
import type { TunnelForward } from "../tunnel.ts";
import type { Forward } from "../upstream/forward.ts";
import { ADMIN_ROUTES } from "./v1/admin.ts";
import { KEY_ROUTES, LOGIN_ROUTES } from "./v1/auth.ts";
import { DISK_ROUTES } from "./v1/disks.ts";
import { CLUSTER_ROUTES, JOB_ROUTES, TUNNEL_ROUTE } from "./v1/jobs.ts";
import { heldSecondsOf, jobsPathOf, ownHeadersOf, withShortWait } from "./v1/jobs-request.ts";
import type { JobsRoute } from "./v1/jobs-route.ts";

/** Every path of jobs that is for clients. What is not in here cannot be reached. */
const ROUTES: readonly JobsRoute[] = [
  ...LOGIN_ROUTES,
  ...KEY_ROUTES,
  ...JOB_ROUTES,
  ...DISK_ROUTES,
  ...CLUSTER_ROUTES,
  ...ADMIN_ROUTES,
];

export interface V1Limits {
  /** Of all requests; undefined stands for none. */
  readonly limit: RateLimit | undefined;
  /** Makes the limit of one path of a login. */
  readonly loginLimit: (url: string) => RateLimit | undefined;
  /** What a longer wait is cut to. */
  readonly maxWaitSeconds: number;
}

/** The ways to jobs. */
export interface V1Ways {
  readonly toJobs: Forward;
  readonly toTunnel: TunnelForward;
}

export async function v1Routes(app: App, ways: V1Ways, limits: V1Limits): Promise<void> {
  const holders = limits.limit && createKeyHolders(limits.limit);
  const countOf = (route: JobsRoute): Count => {
    if (!route.isLogin) return async (request, reply) => holders?.count(request, reply);
    const loginLimit = limits.loginLimit(route.url);
    return async (request) => {
      limits.limit?.spend(request);
      loginLimit?.spend(request);
      return undefined;
    };
  };
  await app.register(async (scope) => {
    passBodiesOn(scope);
    for (const route of ROUTES) {
      addRoute(scope, ways.toJobs, route, countOf(route), limits.maxWaitSeconds);
    }
    addTunnel(scope, ways.toTunnel, countOf(TUNNEL_ROUTE));
  });
}

/** Counts a request, or throws; tells who wants to know of the answer. */
type Count = (request: FastifyRequest, reply: FastifyReply) => Promise<OnAnswer | undefined>;

/** Bodies are JSON of 64 KiB at most, and as bytes they are what jobs is to check. */
function passBodiesOn(scope: App): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  // the schemas describe; two that check could differ while one of them is being rolled out
  scope.setValidatorCompiler(() => (value) => ({ value }));
}

function addRoute(
  scope: App,
  toJobs: Forward,
  route: JobsRoute,
  count: Count,
  maxWaitSeconds: number,
): void {
  const { method, url, body, answer, isLogin = false } = route;
  scope.route({
    method,
    url,
    schema: schemaOf(route),
    async handler(request, reply) {
      const path = withShortWait(jobsPathOf(request.raw), maxWaitSeconds);
      const ownHeaders = ownHeadersOf(request.raw);
      const onAnswer = await count(request, reply);
      const isRepeatable = method === "GET" || (!isLogin && "idempotency-key" in ownHeaders);
      toJobs(request, reply, {
        method,
        path,
        class: isLogin ? "login" : (route.classOf?.(path, request.headers.accept) ?? "jobs"),
        // a validator is shown null where there is none
        body: body && ((request.body as Buffer | null | undefined) ?? undefined),
        ownHeaders,
        heldSeconds: heldSecondsOf(path),
        isRepeatable,
        isText: answer === undefined,
        onAnswer,
      });
      return reply;
    },
  });
}

function addTunnel(scope: App, toTunnel: TunnelForward, count: Count): void {
  const { method, url } = TUNNEL_ROUTE;
  scope.route({
    method,
    url,
    config: { isTunnel: true },
    schema: schemaOf(TUNNEL_ROUTE),
    async handler(request, reply) {
      const path = jobsPathOf(request.raw);
      const ownHeaders = ownHeadersOf(request.raw);
      const onAnswer = await count(request, reply);
      demandWebSocket(request);
      await toTunnel(request, reply, { path, ownHeaders, onAnswer });
      return reply;
    },
  });
}

/** Of the way to jobs. */
const FAILURES = [502, 504];

function schemaOf(route: JobsRoute): FastifySchema {
  const { summary, tag, body, querystring, answer, stream, text = "", isTunnel = false } = route;
  return {
    summary,
    tags: [tag],
    ...(body && { body }),
    ...(querystring && { querystring }),
    response: {
      ...(isTunnel ? { 101: z.any().describe(text) } : { 200: contentOf(text, answer, stream) }),
      ...(stream && {
        204: z.any().describe("Of a stream: the job is over, and all of it is known."),
      }),
      ...problems(...FAILURES, ...route.problems),
    },
  };
}

function contentOf(text: string, answer: JobsRoute["answer"], stream: string | undefined) {
  const schema = z.string().meta({ example: stream === undefined ? LOG_EXAMPLE : EVENT_EXAMPLE });
  if (answer === undefined) return { description: text, content: { "text/plain": { schema } } };
  if (stream === undefined) return answer;
  const content = { "application/json": { schema: answer }, [stream]: { schema } };
  return { description: answer.description ?? "", content };
}
