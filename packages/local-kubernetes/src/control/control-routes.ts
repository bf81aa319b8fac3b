/** The control endpoint under /_control: faults, requests, nodes, pods, images, storage. JSON in, JSON out, for whoever reaches the port. */
import * as z from "zod";
import type { LocalKubernetesControls } from "../controls.ts";
import { describeIssues, faultList } from "../faults/fault-schema.ts";
import { isKindName } from "../kind-names.ts";
import { storagePlay } from "../storage/storage-play.ts";

export interface ControlRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

const PREFIX = "/_control";

export const isControlPath = (path: string): boolean =>
  path === PREFIX || path.startsWith(`${PREFIX}/`);

type Route = (controls: LocalKubernetesControls, request: ControlRequest) => object;

const name = z.string().min(1).max(253);
const texts = z.record(z.string(), z.string());
const nodeBody = z.strictObject({
  name,
  labels: texts.optional(),
  taints: z
    .array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() }))
    .optional(),
  allocatable: texts.optional(),
});
const named = z.strictObject({ name });
const podBody = z.strictObject({ namespace: name, name, message: z.string().max(500).optional() });
const imagesBody = z.strictObject({
  fail: z
    .array(
      z.strictObject({ image: z.string().min(1), reason: z.string().min(1), message: z.string() }),
    )
    .max(100),
});
const limitBody = z.strictObject({ name, quota: texts.nullish() });
const faultsBody = z.strictObject({ faults: faultList });

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  "/_control/health": { GET: () => ({ status: "ok" }) },
  "/_control/faults": {
    GET: ({ faults }) => ({ faults: faults.list() }),
    PUT: ({ faults }, request) => {
      faults.set(readBody(request, faultsBody).faults);
      return { faults: faults.list() };
    },
    DELETE: ({ faults }) => {
      faults.clear();
      return { faults: [] };
    },
  },
  "/_control/requests": {
    GET: ({ requests }, { query }) =>
      query.get("list") === "1"
        ? { ...requests.counts(), list: requests.list() }
        : requests.counts(),
    DELETE: ({ requests }) => {
      requests.reset();
      return requests.counts();
    },
  },
  "/_control/creations": {
    GET: ({ requests }, { query }) => {
      const kind = query.get("kind") ?? "";
      return { creations: requests.creations(isKindName(kind) ? kind : undefined) };
    },
  },
  "/_control/nodes": {
    POST: ({ nodes }, request) => {
      const { name, labels, taints, allocatable } = readBody(request, nodeBody);
      nodes.add({
        name,
        ...(labels && { labels }),
        ...(taints && {
          taints: taints.map(({ key, value, effect }) => ({
            key,
            effect,
            ...(value && { value }),
          })),
        }),
        ...(allocatable && { allocatable }),
      });
      return { added: name };
    },
  },
  "/_control/nodes/lose": {
    POST: ({ nodes }, request) => {
      const { name } = readBody(request, named);
      nodes.lose(name);
      return { lost: name };
    },
  },
  "/_control/nodes/find": {
    POST: ({ nodes }, request) => {
      const { name } = readBody(request, named);
      nodes.find(name);
      return { found: name };
    },
  },
  "/_control/pods/out-of-memory": {
    POST: ({ pods }, request) => {
      const { namespace, name } = readBody(request, podBody);
      pods.outOfMemory(namespace, name);
      return { killed: name };
    },
  },
  "/_control/pods/evict": {
    POST: ({ pods }, request) => {
      const { namespace, name, message } = readBody(request, podBody);
      pods.evict(namespace, name, message);
      return { evicted: name };
    },
  },
  "/_control/images": {
    PUT: ({ images }, request) => {
      images.fail(readBody(request, imagesBody).fail);
      return { status: "ok" };
    },
  },
  "/_control/storage": {
    PUT: ({ storage }, request) => {
      storage.set(readBody(request, storagePlay));
      return { status: "ok" };
    },
  },
  "/_control/namespaces/limit": {
    PUT: ({ namespaces }, request) => {
      const { name, quota } = readBody(request, limitBody);
      namespaces.limit(name, quota ?? undefined);
      return { limited: name };
    },
  },
  "/_control/watches/forget": {
    POST: ({ watches }) => {
      watches.forget();
      return { status: "ok" };
    },
  },
};

class BadBody extends Error {}

function readBody<T>({ body }: ControlRequest, schema: z.ZodType<T>): T {
  let raw: unknown;
  try {
    raw = JSON.parse(body.toString());
  } catch {
    throw new BadBody("the body is not JSON");
  }
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new BadBody(describeIssues(parsed.error));
  return parsed.data;
}

export interface ControlAnswer {
  readonly status: number;
  readonly body: object;
  readonly allow?: string;
}

/** 400 says what is wrong with a body, 404 and 405 what there is instead, 409 why it cannot be done. */
export function answerControl(
  controls: LocalKubernetesControls,
  request: ControlRequest,
): ControlAnswer {
  const methods = ROUTES[request.path];
  if (methods === undefined) {
    return {
      status: 404,
      body: { error: `no such path; there is ${Object.keys(ROUTES).join(", ")}` },
    };
  }
  const route = methods[request.method];
  if (route === undefined) {
    const allow = Object.keys(methods).join(", ");
    return { status: 405, body: { error: `method not allowed; use ${allow}` }, allow };
  }
  try {
    return { status: 200, body: route(controls, request) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { status: error instanceof BadBody ? 400 : 409, body: { error: words } };
  }
}
