/** What the policy lets a caller read of one parameter, before and after AWS has said what it is. */
import {
  isSecretReference,
  type Parameter,
  type ParameterName,
  type ProblemError,
  sharingAccount,
} from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { Access } from "../access.ts";
import type { Decision } from "../policy/policy.ts";

export interface Readable {
  /** The form to ask AWS for; undefined where the caller may have neither. */
  readonly form: "decrypted" | "sealed" | undefined;
  /** The decision on what was found; on nothing, whether it could be asked for. */
  decisionOn(found: Parameter | undefined): Decision;
  /** Whether an answer without a value says to the caller that there is nothing. */
  isMissing(problem: ProblemError): boolean;
}

/**
 * Who may not have SecureStrings in the clear is answered from the sealed form, whose type is all that
 * he must know of: a key that cannot be used would tell him that there is such a SecureString.
 */
export function mayRead(
  access: Access,
  request: FastifyRequest,
  name: ParameterName,
  decrypt: boolean,
): Readable {
  const resource = { kind: "parameter", name } as const;
  const plain = access.decide(request, "read", resource);
  if (!plain.allow) return { form: undefined, decisionOn: () => plain, isMissing };
  if (!decrypt) return { form: "sealed", decisionOn: () => plain, isMissing };
  const clear = access.decide(request, "read", { ...resource, decrypted: true });
  // a secret has no other form
  if (!clear.allow && isSecretReference(name)) {
    return { form: undefined, decisionOn: () => clear, isMissing };
  }
  const decisionOn = (found: Parameter | undefined) =>
    found?.type === "SecureString" ? clear : plain;
  if (clear.allow) return { form: "decrypted", decisionOn, isMissing };
  // AWS refuses what no other account shares; a SecureString that one does must look the same
  const isShared = sharingAccount(name) !== undefined;
  return {
    form: "sealed",
    decisionOn,
    isMissing: (problem) => isMissing(problem) || (isShared && problem.code === "access_denied"),
  };
}

const isMissing = ({ code }: ProblemError): boolean => code === "parameter_not_found";
