/** The tunnels of a process: how many there are, and how they end with it. */

export interface Tunnels {
  readonly count: number;
  /** @param goAway ends it. @returns what tells that it has ended. */
  add(goAway: () => void): () => void;
  /** Resolves when there are none; those that are left after so long are ended. */
  drain(afterMs: number): Promise<void>;
}

export function createTunnels(): Tunnels {
  const open = new Set<() => void>();
  let onNone = () => {};
  let isOver = false;
  return {
    get count() {
      return open.size;
    },
    add(goAway) {
      const one = () => goAway();
      open.add(one);
      if (isOver) one(); // it was asked for before
      return () => {
        if (open.delete(one) && open.size === 0) onNone();
      };
    },
    async drain(afterMs) {
      const none = new Promise<void>((resolve) => {
        onNone = resolve;
        if (open.size === 0) resolve();
      });
      const ending = setTimeout(() => {
        isOver = true;
        for (const goAway of [...open]) goAway();
      }, afterMs);
      await none;
      clearTimeout(ending);
      isOver = true;
    },
  };
}
