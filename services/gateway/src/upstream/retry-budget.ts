/** Keeps retries to a tenth of the requests, so that they cannot double the load on a weak upstream. */

const RATIO = 0.1;
/** Retries that may be saved up, and that there are at the beginning. */
const MAX_SAVED = 10;

export class RetryBudget {
  #saved = MAX_SAVED;

  /** Every first attempt earns a tenth of a retry. */
  earn(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + RATIO);
  }

  /** Takes one retry, if there is one. */
  spend(): boolean {
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}
