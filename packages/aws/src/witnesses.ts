/** Whose fault a refusal of the session is: its own, or that of who alone does not take it. */
import { LRUCache } from "lru-cache";

const MAX_PLACES = 1000;

/** The credentials of one call. */
export interface Use<C extends object> {
  readonly credentials: C;
  readonly service: string;
  /** The one that was called; undefined where it was the service as a whole. */
  readonly bucket: string | undefined;
  /** By a clock that never goes back. */
  readonly beganAt: number;
}

/** What was refused somewhere of late, and what others have said of it. */
interface Refusal {
  readonly credentials: object;
  readonly at: number;
  /** Other credentials were refused there before. */
  readonly isRepeated: boolean;
  /** What was refused there was taken elsewhere, in a call that began later. */
  isContradicted: boolean;
}

/**
 * `session`: it is refused, as far as is known. `open`: new credentials will tell. Refused those too, it is
 * the fault of the `bucket` where its service takes them elsewhere, else perhaps that of the whole `service`.
 */
export type Fault = "session" | "open" | "service" | "bucket";

export class Witnesses {
  readonly #refusals = new LRUCache<string, Refusal>({ max: MAX_PLACES });
  readonly #taking = new LRUCache<string, true>({ max: MAX_PLACES });
  /** The credentials that each service took last. */
  readonly #taken = new Map<string, object>();

  accepted(use: Use<object>): void {
    const { credentials, service, beganAt } = use;
    const place = placeOf(use);
    this.#taking.set(place, true);
    this.#taken.set(service, credentials);
    if (this.#refusals.size === 0) return;
    this.#refusals.delete(place);
    for (const refusal of this.#refusals.values()) {
      if (refusal.credentials === credentials && refusal.at < beganAt) {
        refusal.isContradicted = true;
      }
    }
  }

  /**
   * The session may be good in spite of a refusal: where its credentials are called unknown by who has
   * never taken any, though others have, and where others have taken them since.
   *
   * @param areUnknown whether it is said that they are not known, rather than that they have ended.
   */
  refused(use: Use<object>, areUnknown: boolean, now: number): Fault {
    const { credentials, service, bucket } = use;
    const place = placeOf(use);
    const before = this.#refusals.peek(place);
    const isOther = before !== undefined && before.credentials !== credentials;
    const { isRepeated = false, isContradicted = false } = before ?? {};
    const at = before === undefined || isOther ? now : before.at;
    const refusal = { credentials, at, isRepeated: isRepeated || isOther, isContradicted };
    this.#refusals.set(place, refusal);
    const isStranger = areUnknown && this.#taking.size > 0 && !this.#taking.has(place);
    if (!isStranger && !isContradicted) return "session";
    if (!refusal.isRepeated) return "open";
    return bucket !== undefined && this.#taken.get(service) === credentials ? "bucket" : "service";
  }
}

/** A bucket, or a service as a whole. */
const placeOf = ({ service, bucket }: Use<object>): string =>
  bucket === undefined ? service : `${service} ${bucket}`;
