// Puts many parameters at once, past the API: for the seed and for the control endpoint.

import { z } from "zod";
import { checkNewName, kindOf, parseReference } from "./parameter-name.ts";
import type { ParameterStore } from "./parameter-store.ts";

export const bulkParameter = z
  .strictObject({
    name: z.string().min(1).refine(isGoodName, "not a name SSM would take"),
    /** An empty one stands for a secret that is binary. */
    value: z.string().max(8192),
    type: z.enum(["String", "StringList", "SecureString"]).optional(),
    description: z.string().max(1024).optional(),
  })
  .refine(({ name, value }) => value !== "" || kindOf(name) === "secret", {
    path: ["value"],
    error: "must not be empty",
  });

export const bulkRequest = z.union([
  z.strictObject({
    count: z.int().min(1).max(100_000),
    prefix: z
      .string()
      .refine((prefix) => isGoodName(`${prefix}/p`), 'a path such as "/airlock/load"'),
    type: z.enum(["String", "StringList", "SecureString"]).optional(),
  }),
  z.strictObject({ parameters: z.array(bulkParameter).min(1).max(100_000) }),
]);

export type BulkParameter = z.input<typeof bulkParameter>;
export type BulkRequest = z.input<typeof bulkRequest>;

/** Also what only AWS or another account can make: `/aws/service/…`, references to secrets, ARNs of others. */
function isGoodName(name: string): boolean {
  try {
    if (kindOf(name) === "own") checkNewName(name);
    else return parseReference(name).name === name;
    return true;
  } catch {
    return false;
  }
}

/** The parameters a request stands for: its list, or `<prefix>/p-00001` and so on. */
export function expandBulk(request: z.output<typeof bulkRequest>): readonly BulkParameter[] {
  if ("parameters" in request) return request.parameters;
  const { count, prefix, type } = request;
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(5, "0");
    return { name: `${prefix}/p-${number}`, value: `value-${number}`, type };
  });
}

/** Adds a version of each; existing ones are overwritten. */
export function putBulk(
  store: ParameterStore,
  parameters: readonly BulkParameter[],
  modifiedBy: string,
  nowMs: number,
): void {
  for (const { name, value, type: asked = "String", description } of parameters) {
    const type = kindOf(name) === "secret" ? "SecureString" : asked;
    store.add(name, {
      type,
      value,
      modifiedMs: nowMs,
      modifiedBy,
      tier: value.length > 4096 ? "Advanced" : "Standard",
      dataType: "text",
      description,
      allowedPattern: undefined,
      keyId: type === "SecureString" ? "alias/aws/ssm" : undefined,
    });
  }
}
