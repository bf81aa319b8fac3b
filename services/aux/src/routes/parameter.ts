/** `/parameters/{name}`: one value, also as plain text, also once it has changed. */
import type { ParameterStore, Read } from "@airlock/aws";
import { Parameter, type ParameterName, ParameterQuery, ProblemError } from "@airlock/contract";
import { type App, clientLeft, parameterNameOf, problems } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import * as z from "zod";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import { besideKnown, dated, newestKnown } from "../parameters/known-version.ts";
import { mayRead } from "../parameters/readable.ts";
import {
  isUnchanged,
  JSON_TYPE,
  jsonOf,
  type Representation,
  send,
  sendUnchanged,
  TEXT_TYPE,
  textOf,
  wantsFresh,
} from "../representation.ts";

export function parameterRoute(app: App, store: ParameterStore, access: Access): void {
  const read = async (request: FastifyRequest, name: ParameterName, options: ReadOptions) => {
    const { form, decisionOn, isMissing } = mayRead(access, request, name, options.decrypt ?? true);
    let found: Read<Parameter> | undefined;
    try {
      if (form) found = await store.get(name, { ...options, decrypt: form === "decrypted" });
    } catch (problem) {
      throw problem instanceof ProblemError && isMissing(problem) ? noSuchParameter() : problem;
    } finally {
      const decision = decisionOn(found?.value);
      access.record(request, "read", name, { decision, cache: found?.cache });
    }
    if (found && decisionOn(found.value).allow) return found;
    throw access.refusal({ name, missing: noSuchParameter });
  };

  app.get(
    "/parameters/*",
    {
      schema: {
        summary: "The value of one parameter, decrypted unless asked otherwise.",
        tags: ["parameters"],
        params: z.object({ "*": z.string().describe("Name, with or without its leading slash.") }),
        querystring: ParameterQuery,
        response: {
          200: {
            description: "The parameter.",
            content: {
              "application/json": { schema: Parameter },
              "text/plain": {
                schema: z.string().meta({
                  description: "The value, byte by byte.",
                  example: "db.example.com",
                }),
              },
            },
          },
          ...problems(403, 404, 409, 502, 504),
        },
      },
    },
    async (request, reply) => {
      const name = parameterNameOf(request, "/parameters/");
      await store.checkNames([name]);
      const { wait, ...selection } = request.query;
      const options = {
        ...selection,
        caller: clientOf(request),
        signal: clientLeft(reply),
        revalidate: wantsFresh(request),
      };
      reply.header("vary", "accept");
      let found: Read<Parameter>;
      try {
        found = await read(request, name, options);
      } catch (problem) {
        if (!mayHaveCome(request, problem)) throw problem;
        found = await read(request, name, { ...options, revalidate: true });
      }
      const { version, label } = selection;
      if (!isConditional(request) || version !== undefined || label !== undefined) {
        return sendIfOther(request, reply, found);
      }
      const again = () => read(request, name, { ...options, revalidate: true });
      if (isKnown(request, found)) {
        const { etag } = representationOf(request, found.value);
        if (!wait) return sendUnchanged(reply, etag, found);
      } else if (isFromMemory(found) && besideKnown(request, found.value) !== "newer") {
        found = await again();
      }
      if (wait) {
        const changed = await waited(request, reply, found, wait, again);
        return changed ? sendIfOther(request, reply, changed) : sendKnown(request, reply, found);
      }
      const isOld = isFromMemory(found) && isOlder(request, found);
      return (isOld ? sendKnown : sendIfOther)(request, reply, found);
    },
  );

  /**
   * Reads again when SSM shows a change, until the answer is another one than the client has, and no
   * older one: what this process remembers may be older than what the client has from another.
   *
   * @returns undefined when the time is up.
   */
  const waited = async (
    request: FastifyRequest,
    reply: FastifyReply,
    first: Read<Parameter>,
    waitSeconds: number,
    again: () => Promise<Read<Parameter>>,
  ): Promise<Read<Parameter> | undefined> => {
    const isOther = (one: Read<Parameter>) => !isKnown(request, one) && !isOlder(request, one);
    if (isOther(first)) return first;
    const endsAt = performance.now() + waitSeconds * 1000;
    const endWait = request.takePlace("wait");
    const signal = AbortSignal.any([clientLeft(reply), request.server.draining]);
    try {
      for (let found = first; ; ) {
        const limitMs = endsAt - performance.now();
        if (limitMs <= 0) return undefined;
        const { name } = found.value;
        // an older one that SSM has all the same is the one that it has gone back to
        const untilShown = !isKnown(request, found);
        const options = { limitMs, signal, untilShown };
        const shows = await store.waitForChange(name, found.value, options);
        if (shows === "over") return undefined;
        if (shows === "same") return found;
        found = await again();
        if (isOther(found)) return found;
      }
    } finally {
      endWait();
    }
  };
}

type ReadOptions = NonNullable<Parameters<ParameterStore["get"]>[1]>;

interface Forms {
  json?: Representation;
  text?: Representation;
}

/** A cached parameter is the same object each time, and so need not be rendered anew. */
const forms = new WeakMap<Parameter, Forms>();

function representationOf(request: FastifyRequest, parameter: Parameter): Representation {
  let known = forms.get(parameter);
  if (!known) {
    known = {};
    forms.set(parameter, known);
  }
  if (!wantsText(request)) {
    known.json ??= dated(jsonOf(parameter), parameter);
    return known.json;
  }
  known.text ??= dated(textOf(parameter.value), parameter);
  return known.text;
}

function sendIfOther(request: FastifyRequest, reply: FastifyReply, read: Read<Parameter>) {
  return send(request, reply, representationOf(request, read.value), read);
}

/** 304, of what the client has, though what is here may be older. */
function sendKnown(request: FastifyRequest, reply: FastifyReply, read: Read<Parameter>) {
  const { etag } = representationOf(request, read.value);
  const known = isKnown(request, read) ? undefined : newestKnown(request);
  return sendUnchanged(reply, known?.tag ?? etag, read);
}

const isConditional = ({ headers }: FastifyRequest): boolean =>
  headers["if-none-match"] !== undefined;

const isKnown = (request: FastifyRequest, { value }: Read<Parameter>): boolean =>
  isUnchanged(request, representationOf(request, value).etag);

const isOlder = (request: FastifyRequest, { value }: Read<Parameter>): boolean =>
  besideKnown(request, value) === "older";

/** Whether AWS was not asked for it. */
const isFromMemory = ({ cache }: Read<unknown>): boolean => cache === "hit" || cache === "stale";

/** Whoever has an ETag has seen one, while this process may remember that there was none. */
const mayHaveCome = (request: FastifyRequest, problem: unknown): boolean =>
  isConditional(request) &&
  problem instanceof ProblemError &&
  problem.code === "parameter_not_found";

function wantsText({ headers }: FastifyRequest): boolean {
  if (headers.accept === undefined || !/text\//i.test(headers.accept)) return false;
  return new Negotiator({ headers }).mediaType([JSON_TYPE, TEXT_TYPE]) === TEXT_TYPE;
}

const noSuchParameter = () =>
  new ProblemError("parameter_not_found", "There is no parameter of this name.");
