/** The way of one request to the API: who asks, what about, faults, and the answer. */
import type { ServerResponse } from "node:http";
import { strike } from "../faults/strike.ts";
import { watchFaults } from "../faults/watch-faults.ts";
import { isCustom } from "../kind-names.ts";
import type { Kubelet } from "../kubelet/kubelet.ts";
import { powerless, Refusal, unauthorized } from "../refusal.ts";
import type { RequestRecord } from "../request-log.ts";
import type { World } from "../world.ts";
import { podLog } from "./pod-log.ts";
import { get, list } from "./read.ts";
import { remove } from "./remove.ts";
import { type Target, targetOf } from "./target.ts";
import { watch } from "./watch.ts";
import { create, patch, replace, type Sent } from "./write.ts";

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface Deps {
  readonly world: World;
  readonly kubelet: Kubelet | undefined;
  /** Sleeps, but not beyond the end of the server. */
  readonly wait: (delayMs: number) => Promise<void>;
}

/** Never rejects but for a fault of the stand-in itself. */
export async function answer(deps: Deps, request: ApiRequest, response: ServerResponse) {
  const { world, wait } = deps;
  let record: RequestRecord | undefined;
  const startedMs = performance.now();
  const end = (status: number | null) => {
    if (record) world.requests.end(record, status, performance.now() - startedMs);
  };
  try {
    const { authorization } = request;
    const isPowerless = world.powerless.some((token) => authorization === `Bearer ${token}`);
    if (!isPowerless && !isBelieved(world, authorization)) throw unauthorized();
    if (request.path === "/version") return send(response, 200, { gitVersion: world.version });
    const target = targetOf(request.method, request.path, request.query);
    const { verb, kind, namespace, name } = target;
    const at = new Date(world.now()).toISOString();
    record = { at, verb, kind, namespace, name, status: null, ms: null };
    world.requests.begin(record);
    if (isPowerless) throw powerless(verb, kind, namespace);
    if (isCustom(kind) && !world.storage.hasSnapshots) return noPage(response, end);

    const fate = await strike(world.faults, target, wait);
    if (fate.isHanging) return void response.once("close", () => end(null));
    if (fate.isRequestLost) return lose(response, end);
    if (verb === "watch" || verb === "log") {
      const ended = stream(deps, target, request, response);
      await ended;
      return end(response.statusCode);
    }
    const [status, body] = carryOut(world, target, request);
    if (fate.isAnswerLost) return lose(response, end);
    if (fate.lateMs > 0) await wait(fate.lateMs);
    send(response, status, body);
    end(status);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const seconds = error.details?.retryAfterSeconds;
    const headers = typeof seconds === "number" ? { "retry-after": String(seconds) } : {};
    send(response, error.code, error.status, headers);
    end(error.code);
  }
}

function carryOut(world: World, target: Target, request: ApiRequest): [number, object] {
  const sent: Sent = {
    body: request.body,
    contentType: request.contentType,
    isStrict: request.query.get("fieldValidation") === "Strict",
  };
  switch (target.verb) {
    case "create": {
      const object = create(world, target, sent);
      world.requests.created(target.kind, object);
      return [201, object];
    }
    case "replace":
      return [200, replace(world, target, sent)];
    case "patch":
      return [200, patch(world, target, sent)];
    case "delete":
      return [200, remove(world, target, request.body)];
    case "list":
      return [200, list(world, target, request.query)];
    default:
      return [200, get(world, target)];
  }
}

const stream = (
  { world, kubelet }: Deps,
  target: Target,
  { query }: ApiRequest,
  response: ServerResponse,
): Promise<void> =>
  target.verb === "watch"
    ? watch(world, target, query, response, watchFaults(world.faults, target))
    : podLog(world, kubelet, target, query, response);

/** Whoever can make a pod runs commands here: a page in a browser must not. */
export const isBelieved = ({ tokens }: World, authorization = ""): boolean =>
  tokens === undefined || tokens.some((token) => authorization === `Bearer ${token}`);

/** No CustomResourceDefinition has brought the kind: nothing answers there, and it is no Status that says so. */
function noPage(response: ServerResponse, end: (status: number) => void): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
  response.end("404 page not found\n");
  end(404);
}

function lose(response: ServerResponse, end: (status: null) => void): void {
  response.socket?.resetAndDestroy();
  end(null);
}

export function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}
