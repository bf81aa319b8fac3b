/** `/parameters/{name}`: one value, also as plain text, also once it has changed. */
import type { ParameterStore, Read } from "@airlock/aws";
import { Parameter, type ParameterName, ParameterQuery, ProblemError } from "@airlock/contract";
import { type App, clientLeft, parameterNameOf, problems } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import * as z from "zod";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import { mayRead } from "../parameters/readable.ts";
import {
  isUnchanged,
  jsonOf,
  type Representation,
  send,
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
          304: z.null().describe("If-None-Match names the ETag of what would be sent."),
          ...problems(400, 401, 403, 404, 414, 502, 503, 504),
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
      const first = await read(request, name, options);
      const found =
        wait !== undefined && isUnchanged(request, representationOf(request, first.value).etag)
          ? await changed(request, reply, first, wait, (revalidate) =>
              read(request, name, { ...options, revalidate }),
            )
          : first;
      return sendParameter(request, reply, found);
    },
  );

  /** Reads again when SSM shows a change, until the answer is another one or the time is up. */
  const changed = async (
    request: FastifyRequest,
    reply: FastifyReply,
    first: Read<Parameter>,
    waitSeconds: number,
    again: (revalidate: boolean) => Promise<Read<Parameter>>,
  ): Promise<Read<Parameter>> => {
    const endsAt = performance.now() + waitSeconds * 1000;
    const endWait = request.takePlace("wait");
    const signal = AbortSignal.any([clientLeft(reply), request.server.draining]);
    try {
      for (let found = first; ; ) {
        const limitMs = endsAt - performance.now();
        const { name } = found.value;
        const isOther =
          limitMs > 0 && (await store.waitForChange(name, found.value, { limitMs, signal }));
        if (!isOther) return found;
        found = await again(true);
        if (!isUnchanged(request, representationOf(request, found.value).etag)) return found;
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
    known.json ??= jsonOf(parameter);
    return known.json;
  }
  known.text ??= textOf(parameter.value);
  return known.text;
}

function sendParameter(request: FastifyRequest, reply: FastifyReply, read: Read<Parameter>) {
  return send(request, reply, representationOf(request, read.value), read);
}

function wantsText({ headers }: FastifyRequest): boolean {
  if (headers.accept === undefined || !headers.accept.includes("text/")) return false;
  const offers = ["application/json", "text/plain"];
  return new Negotiator({ headers }).mediaType(offers) === "text/plain";
}

const noSuchParameter = () =>
  new ProblemError("parameter_not_found", "There is no parameter of this name.");
