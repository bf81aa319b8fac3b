/** Several parameters by name: each has an answer of its own. */
import type { ParameterStore, Read } from "@airlock/aws";
import {
  type Parameter,
  type ParameterBatch,
  type ParameterName,
  ProblemError,
} from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { Access } from "../access.ts";
import { newsOf } from "../representation.ts";
import type { Answer, Asking } from "./answer.ts";
import { mayRead, type Readable } from "./readable.ts";

type Found = ReadonlyMap<ParameterName, Read<Parameter> | ProblemError>;

/** @throws ProblemError invalid_parameter_name; the code of the first name if nothing was decided. */
export async function readBatch(
  store: ParameterStore,
  access: Access,
  request: FastifyRequest,
  names: readonly ParameterName[],
  asking: Asking & { readonly decrypt: boolean },
): Promise<Answer<ParameterBatch>> {
  await store.checkNames(names);
  const readable = new Map(
    names.map((name) => [name, mayRead(access, request, name, asking.decrypt)] as const),
  );
  const found = await readAll(store, readable, asking);
  const body: ParameterBatch = { parameters: [], missing: [], denied: [], failed: [] };
  const shown: Read<Parameter>[] = [];
  let problem: ProblemError | undefined;
  for (const [name, { decisionOn, isMissing }] of readable) {
    const one = found.get(name);
    const read = one instanceof ProblemError ? undefined : one;
    const decision = decisionOn(read?.value);
    access.record(request, "read", name, { decision, cache: read?.cache });
    if (!decision.allow) body[access.tellsDenied() ? "denied" : "missing"].push(name);
    else if (read) {
      body.parameters.push(read.value);
      shown.push(read);
    } else if (one instanceof ProblemError && !isMissing(one)) {
      problem ??= one;
      body.failed.push({ name, code: one.code });
    } else body.missing.push(name);
  }
  if (problem && body.failed.length === names.length) throw problem;
  return { body, news: newsOf(shown) };
}

/** Each in the form that the caller may have. */
async function readAll(
  store: ParameterStore,
  readable: ReadonlyMap<ParameterName, Readable>,
  asking: Asking,
): Promise<Found> {
  const namesOf = (form: Readable["form"]) =>
    [...readable].filter(([, one]) => one.form === form).map(([name]) => name);
  const found = await Promise.all([
    store.getMany(namesOf("decrypted"), { ...asking, decrypt: true }),
    store.getMany(namesOf("sealed"), { ...asking, decrypt: false }),
  ]);
  return new Map(found.flatMap((one) => [...one]));
}
