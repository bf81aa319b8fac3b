/** So that one user's requests, waiting for one locked row or reading much, leave connections to the others. */
import { StoreError } from "./store-error.ts";

export interface Shares {
  /**
   * Runs `work` when the user has less than their share under way, in the order of the asking.
   *
   * @throws StoreError crowded when that takes too long; `work` was not begun then.
   */
  run<Result>(user: string | number, work: () => Promise<Result>): Promise<Result>;
}

interface Share {
  running: number;
  readonly waiting: Set<() => void>;
}

/** @param most that one user has under way at once. */
export function createShares(most: number, waitMs: number): Shares {
  const shares = new Map<string | number, Share>();

  const turnOf = (share: Share): Promise<void> => {
    if (share.running < most) {
      share.running++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer);
        share.waiting.delete(enter);
        resolve();
      };
      const timer = setTimeout(() => {
        share.waiting.delete(enter);
        reject(new StoreError("crowded", `${most} of this user are under way`));
      }, waitMs);
      share.waiting.add(enter);
    });
  };
  return {
    async run(user, work) {
      const share = shares.get(user) ?? { running: 0, waiting: new Set() };
      shares.set(user, share);
      await turnOf(share);
      try {
        return await work();
      } finally {
        const [next] = share.waiting;
        // handed on, so that nobody who comes later is faster
        if (next) next();
        else if (--share.running === 0) shares.delete(user);
      }
    },
  };
}
