// The control endpoint under /_control: faults, calls, the function, bulk parameters and objects, regions of buckets, sessions, reset. JSON in, JSON out, never signed.

import { z } from "zod";
import type { LocalAwsControls } from "../controls.ts";
import { describeIssues, faultList } from "../faults/fault-schema.ts";
import { bucketPlace } from "../s3/bucket-region.ts";
import { bulkObjects } from "../s3/bulk-objects.ts";
import { bulkRequest } from "../ssm/bulk-parameters.ts";
import { NotKept } from "../store-folder/stores.ts";
import { queryValue, type WireAnswer, type WireRequest } from "../wire.ts";

const CONTROL_PATH = "/_control";

export function isControlPath(path: string): boolean {
  return path === CONTROL_PATH || path.startsWith(`${CONTROL_PATH}/`);
}

type Route = (controls: LocalAwsControls, request: WireRequest) => [status: number, body: object];

const revocation = z.strictObject({ as: z.enum(["expired", "unknown"]) });
const faultsBody = z.strictObject({ faults: faultList });

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  "/_control/health": {
    GET: () => [200, { status: "ok" }],
  },
  "/_control/faults": {
    GET: ({ faults }) => [200, { faults: faults.list() }],
    PUT: ({ faults }, request) => {
      faults.set(readBody(request, faultsBody).faults);
      return [200, { faults: faults.list() }];
    },
    DELETE: ({ faults }) => {
      faults.clear();
      return [200, { faults: [] }];
    },
  },
  "/_control/calls": {
    GET: ({ calls }, request) => {
      const wantsList = queryValue(request, "list") === "1";
      return [200, wantsList ? { ...calls.counts(), list: calls.list() } : calls.counts()];
    },
    DELETE: ({ calls }) => {
      calls.reset();
      return [200, calls.counts()];
    },
  },
  "/_control/parameters": {
    POST: ({ parameters }, request) => {
      return [201, { added: parameters.put(readBody(request, bulkRequest)) }];
    },
  },
  "/_control/objects": {
    POST: ({ objects }, request) => [201, objects.put(readBody(request, bulkObjects))],
  },
  "/_control/buckets": {
    POST: ({ buckets }, request) => {
      const place = readBody(request, bucketPlace);
      buckets.place(place);
      return [201, place];
    },
  },
  "/_control/sessions": {
    DELETE: ({ sessions }, request) => {
      const as = request.body.length === 0 ? "expired" : readBody(request, revocation).as;
      return [200, { revoked: sessions.revoke(as) }];
    },
  },
  "/_control/lambda": {
    // for whoever waits until the function can be called
    GET: ({ lambda }) => {
      const counts = lambda.counts();
      return [counts.idle + counts.running > 0 ? 200 : 503, counts];
    },
  },
  "/_control/reset": {
    POST: ({ reset }) => {
      reset();
      return [200, { status: "ok" }];
    },
  },
};

class BadBody extends Error {}

function readBody<T>(request: WireRequest, schema: z.ZodType<T>): T {
  let raw: unknown;
  try {
    raw = JSON.parse(request.body.toString());
  } catch {
    throw new BadBody("the body is not JSON");
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new BadBody(describeIssues(parsed.error));
  return parsed.data;
}

/** Answers one control request: 400 says what is wrong with the body, 500 why it is not kept, 404 and 405 what there is instead. */
export function answerControl(controls: LocalAwsControls, request: WireRequest): WireAnswer {
  const methods = ROUTES[request.path];
  if (methods === undefined) {
    return json(404, { error: `no such path; there is ${Object.keys(ROUTES).join(", ")}` });
  }
  const route = methods[request.method];
  if (route === undefined) {
    const allow = Object.keys(methods).join(", ");
    return json(405, { error: `method not allowed; use ${allow}` }, { allow });
  }
  try {
    return json(...route(controls, request));
  } catch (error) {
    if (error instanceof BadBody) return json(400, { error: error.message });
    if (error instanceof NotKept) return json(500, { error: error.message });
    throw error;
  }
}

function json(status: number, body: object, headers: Record<string, string> = {}): WireAnswer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: `${JSON.stringify(body)}\n`,
  };
}
