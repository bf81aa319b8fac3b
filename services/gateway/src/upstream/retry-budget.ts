/** Keeps retries to a tenth of the requests, so that they cannot double the load on a weak upstream. */

const RATIO = 0.1;
/** There from the beginning, for little traffic. */
const FIRST_SAVED = 10;
/** As many as there are connections: a process that dies resets all of its own at once. */
const MAX_SAVED = 64;

export class RetryBudget {
  #saved = FIRST_SAVED;

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
