/** Who holds the key of a request. */
import { ProblemError } from "@airlock/contract";
import { KEY_REFUSALS } from "@airlock/identity";
import type { FastifyRequest } from "fastify";

export interface User {
  readonly userId: number;
  readonly username: string;
  readonly keyPrefix: string;
  /** SHA-256 in hex. */
  readonly keyHash: string;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the check of the API key. */
    user: User | undefined;
  }
}

/** @throws Error on a route that asks for no key: a fault of ours. */
export function userOf(request: FastifyRequest): User {
  if (request.user === undefined) throw new Error("this route asks for no API key");
  return request.user;
}

/** As their key is refused a second later. */
export const userDisabled = (): ProblemError =>
  new ProblemError("api_key_disabled", KEY_REFUSALS.disabled.detail);
