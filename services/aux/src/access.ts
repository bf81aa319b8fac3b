/** What the policy says of one request, each decision with its line in the audit log. */
import type { CacheState } from "@airlock/aws";
import { ProblemError } from "@airlock/contract";
import { traceContextOf } from "@airlock/http";
import type { FastifyRequest } from "fastify";
import type { Audit } from "./policy/audit.ts";
import type { Decision, Policy, Resource, Verb } from "./policy/policy.ts";
import type { Below, Keys } from "./policy/reach.ts";

export interface AccessDeps {
  /** The policy that holds now. */
  readonly policy: () => Policy;
  readonly audit: Audit;
}

export interface Access {
  /** The decision without a line, for what is decided again once more is known of it. */
  decide(request: FastifyRequest, verb: Verb, resource: Resource): Decision;
  /** Where parameters could be that the caller may have; see Policy.reach. */
  reach(request: FastifyRequest, verb: Verb, below: Below): readonly string[];
  /** What the caller may have of the keys of one bucket. */
  keys(request: FastifyRequest, verb: Verb, bucket: string): Keys;
  /** Stands for all rules about the caller: one object for all callers of the same rules. */
  rulesOf(request: FastifyRequest): object;
  /** Writes the line of a decision. */
  record(request: FastifyRequest, verb: Verb, name: string, how: Recorded): void;
  /** Writes the line of a whole list: how many of its items were shown and kept back. */
  recordList(request: FastifyRequest, verb: Verb, name: string, counts: Counts): void;
  /** @throws ProblemError, with a line, unless the request may. */
  demand(request: FastifyRequest, verb: Verb, resource: Resource, denied: Denied): Decision;
  /** What a denied read is answered with: as if it were not there, or that it may not be had. */
  refusal(denied: Denied): ProblemError;
  /** Whether an answer is for its caller alone, and no cache may give it to another. */
  isForOne(request: FastifyRequest): boolean;
  /** Whether somebody who is denied may know that there is something. */
  readonly tellsDenied: () => boolean;
}

export interface Recorded {
  readonly decision: Decision;
  readonly cache?: CacheState | undefined;
}

export interface Counts {
  readonly allowed: number;
  readonly denied: number;
  readonly cache?: CacheState | undefined;
}

export interface Denied {
  /** Name for the log. */
  readonly name: string;
  /** The error of something that is not there. */
  readonly missing: () => ProblemError;
}

export function createAccess({ policy, audit }: AccessDeps): Access {
  const access: Access = {
    decide: (request, verb, resource) => policy().decide(subjectOf(request), verb, resource),
    reach: (request, verb, below) => policy().reach(subjectOf(request), verb, below),
    keys: (request, verb, bucket) => policy().keys(subjectOf(request), verb, bucket),
    rulesOf: (request) => policy().rulesOf(subjectOf(request)),
    record(request, verb, name, { decision, cache }) {
      audit.decision({ ...whoOf(request), verb, name, decision, cache });
    },
    recordList(request, verb, name, { allowed, denied, cache }) {
      audit.list({ ...whoOf(request), verb, name, allowed, denied, cache });
    },
    demand(request, verb, resource, denied) {
      const decision = access.decide(request, verb, resource);
      if (decision.allow) return decision;
      access.record(request, verb, denied.name, { decision });
      throw access.refusal(denied);
    },
    refusal: ({ missing }) =>
      access.tellsDenied()
        ? new ProblemError("policy_denied", "The policy of this service does not allow that.")
        : missing(),
    isForOne: ({ caller }) => caller !== undefined || policy().asksCallers,
    tellsDenied: () => policy().deniedStatus === 403,
  };
  return access;
}

const subjectOf = ({ caller, groups }: FastifyRequest) => ({ caller, groups });
const whoOf = ({ caller, client, id, raw }: FastifyRequest) => ({
  caller,
  peer: client.address,
  requestId: id,
  traceId: traceContextOf(raw).traceId,
});
