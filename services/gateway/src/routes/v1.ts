/** `/v1/*`: the jobs API, by way of jobs, which checks the keys. */
import { type App, problems, type RateLimit } from "@airlock/http";
import type { FastifySchema } from "fastify";
import type { Forward } from "../upstream/forward.ts";
import { KEY_ROUTES, LOGIN_ROUTES } from "./v1/auth.ts";
import { DISK_ROUTES } from "./v1/disks.ts";
import { CLUSTER_ROUTES, JOB_ROUTES } from "./v1/jobs.ts";
import { jobsPathOf, ownHeadersOf } from "./v1/jobs-request.ts";
import type { JobsRoute } from "./v1/jobs-route.ts";

/** Every path of jobs that is for clients. What is not in here cannot be reached. */
const ROUTES: readonly JobsRoute[] = [
  ...LOGIN_ROUTES,
  ...KEY_ROUTES,
  ...JOB_ROUTES,
  ...DISK_ROUTES,
  ...CLUSTER_ROUTES,
];

/** @param loginLimit makes the limit of one path of a login; undefined stands for none. */
export async function v1Routes(
  app: App,
  toJobs: Forward,
  loginLimit: (url: string) => RateLimit | undefined,
): Promise<void> {
  await app.register(async (scope) => {
    passBodiesOn(scope);
    for (const route of ROUTES) {
      addRoute(scope, toJobs, route, route.isLogin ? loginLimit(route.url) : undefined);
    }
  });
}

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
  limit: RateLimit | undefined,
): void {
  const { method, url, body, isLogin = false } = route;
  scope.route({
    method,
    url,
    schema: schemaOf(route),
    onRequest(request, reply, done) {
      limit?.spend(request, reply);
      done();
    },
    handler(request, reply) {
      const path = jobsPathOf(request.raw);
      const ownHeaders = ownHeadersOf(request.raw);
      const isRepeatable = method === "GET" || (!isLogin && "idempotency-key" in ownHeaders);
      toJobs(request, reply, {
        method,
        path,
        class: isLogin ? "login" : "jobs",
        body: body && (request.body as Buffer | undefined),
        ownHeaders,
        isRepeatable,
      });
    },
  });
}

const FAILURES = [400, 429, 502, 503, 504];
/** Of whoever needs a key. */
const KEY_FAILURES = [401, 403];

function schemaOf({ summary, tag, body, querystring, answer, ...route }: JobsRoute): FastifySchema {
  const keyFailures = route.isLogin ? [] : KEY_FAILURES;
  return {
    summary,
    tags: [tag],
    ...(body && { body }),
    ...(querystring && { querystring }),
    response: { 200: answer, ...problems(...FAILURES, ...keyFailures, ...route.problems) },
  };
}
