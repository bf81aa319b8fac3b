/** Carries a change out in one transaction, once for each Idempotency-Key. */
import { createHash, createHmac } from "node:crypto";
import { ProblemError } from "@airlock/contract";
import {
  beginIdempotent,
  finishIdempotent,
  lockActiveUser,
  type Store,
  type Transaction,
} from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import type { TraceparentOf } from "./order-traces.ts";
import { transact } from "./races.ts";
import { userDisabled, userOf } from "./users.ts";

export interface Outcome<Answer> {
  readonly answer: Answer;
  /** It was carried out before; this is what was answered then. */
  readonly isRepeat: boolean;
}

/**
 * Runs `work` and keeps its answer, which must hold no secret, under the request's Idempotency-Key.
 * Without one it just runs. `work` may be run again after a deadlock, so it changes nothing outside
 * of the database. What it throws is not kept: the same request may fare better later. Whoever is shut out
 * meanwhile begins nothing more, though their key is remembered for a moment.
 *
 * @throws ProblemError idempotency_key_reused, invalid_idempotency_key, api_key_disabled.
 */
export type Mutate = <Answer extends object>(
  request: FastifyRequest,
  work: Work<Answer>,
  options?: {
    /** `work` refuses whoever is shut out by itself, which saves a round trip. Default false. */
    readonly refusesDisabled?: boolean;
  },
) => Promise<Outcome<Answer>>;

type Work<Answer> = (transaction: Transaction) => Promise<Answer>;

const KEY = /^[\x20-\x7e]{1,255}$/;
const KEEP_SECONDS = 86_400;

export function createMutations(store: Store, traceparentOf: TraceparentOf): Mutate {
  // equal requests of this process wait for one transaction, not each for a connection of its own
  const underWay = new Map<string, Promise<Outcome<object>>>();

  return async <Answer extends object>(
    request: FastifyRequest,
    asked: Work<Answer>,
    { refusesDisabled = false } = {},
  ): Promise<Outcome<Answer>> => {
    const { userId } = userOf(request);
    const work = refusesDisabled ? asked : unlessDisabled(userId, asked);
    const key = idempotencyKeyOf(request);
    if (key === undefined) {
      const options = { user: userId, traceparent: await traceparentOf(request) };
      return { answer: await transact(store, work, options), isRepeat: false };
    }
    const claim = claimOf(request, key);
    const flight = JSON.stringify(claim);
    const first = underWay.get(flight) as Promise<Outcome<Answer>> | undefined;
    if (first !== undefined) return { answer: (await first).answer, isRepeat: true };
    const run = async () => runOnce(store, claim, work, await traceparentOf(request));
    const outcome = run().finally(() => underWay.delete(flight));
    underWay.set(flight, outcome);
    return outcome;
  };
}

const unlessDisabled =
  <Answer>(userId: number, work: Work<Answer>): Work<Answer> =>
  async (transaction) => {
    if (!(await lockActiveUser(transaction, userId))) throw userDisabled();
    return await work(transaction);
  };

type Claim = Parameters<typeof beginIdempotent>[1];

function runOnce<Answer extends object>(
  store: Store,
  claim: Claim,
  work: Work<Answer>,
  traceparent: string | undefined,
): Promise<Outcome<Answer>> {
  const run = async (transaction: Transaction) => {
    const begun = await beginIdempotent(transaction, claim);
    if (begun.state === "different") throw reused();
    if (begun.state === "repeated") return { answer: begun.response as Answer, isRepeat: true };
    // the answer is kept behind what would be the last statement
    const answer = await work({ ...transaction, last: transaction });
    await finishIdempotent(transaction, { ...claim, status: 200, response: answer });
    return { answer, isRepeat: false };
  };
  return transact(store, run, { user: claim.userId, traceparent });
}

/**
 * Neither the key nor a plain hash of the body gets into the database: a body may hold secrets that
 * are short enough to be guessed, and a key is usually too random for that.
 */
function claimOf(request: FastifyRequest, key: string): Claim {
  const asked = JSON.stringify([request.params, request.body ?? null]);
  return {
    userId: userOf(request).userId,
    ...placeOf(request, key),
    fingerprint: createHmac("sha256", key).update(asked).digest("hex"),
    ttlSeconds: KEEP_SECONDS,
  };
}

/** Where the answer to a request is kept, among those of its user. */
export const placeOf = ({ method, route }: FastifyRequest, key: string) => ({
  route: `${method} ${route.url}`,
  key: createHash("sha256").update(key).digest("hex"),
});

/** @returns undefined without one. @throws ProblemError invalid_idempotency_key. */
export function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && KEY.test(key)) return key;
  throw new ProblemError(
    "invalid_idempotency_key",
    "An Idempotency-Key is 1 to 255 printable ASCII characters.",
  );
}

const reused = () =>
  new ProblemError(
    "idempotency_key_reused",
    "This Idempotency-Key was sent with another request; choose a new one.",
  );
