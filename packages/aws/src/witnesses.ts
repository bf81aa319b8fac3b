/** Whose fault a refusal of the session is: its own, or that of a bucket which alone does not take it. */
import { LRUCache } from "lru-cache";

const MAX_PLACES = 1000;

/** The credentials of one call. */
export interface Use<C extends object> {
  readonly credentials: C;
  /** What was called: a bucket, or a service as a whole. */
  readonly place: string;
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

/** `session`: it is refused; `place`: that one alone does not take it; `open`: new credentials will tell. */
export type Fault = "session" | "place" | "open";

export class Witnesses {
  readonly #refusals = new LRUCache<string, Refusal>({ max: MAX_PLACES });
  readonly #taking = new LRUCache<string, true>({ max: MAX_PLACES });

  accepted({ place, credentials, beganAt }: Use<object>): void {
    this.#taking.set(place, true);
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
   * never taken any, though others have, and where others have taken them since. That it is the place is
   * certain once new credentials are refused there too.
   *
   * @param areUnknown whether the place says that it does not know them, rather than that they have ended.
   */
  refused({ place, credentials }: Use<object>, areUnknown: boolean, now: number): Fault {
    const before = this.#refusals.peek(place);
    const isOther = before !== undefined && before.credentials !== credentials;
    const { isRepeated = false, isContradicted = false } = before ?? {};
    const at = before === undefined || isOther ? now : before.at;
    const refusal = { credentials, at, isRepeated: isRepeated || isOther, isContradicted };
    this.#refusals.set(place, refusal);
    const isStranger = areUnknown && this.#taking.size > 0 && !this.#taking.has(place);
    if (!isStranger && !isContradicted) return "session";
    return refusal.isRepeated ? "place" : "open";
  }
}
