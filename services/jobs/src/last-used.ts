/** Notes which keys are in use, beside the requests and not within them. */
import type { Logger } from "@airlock/http";
import { type Store, touchLastUsed } from "@airlock/jobs-store";

export interface LastUsed {
  note(keyId: number): void;
  start(): void;
  /** Writes what is still to be written. */
  stop(): Promise<void>;
}

const PERIOD_MS = 20_000;

export function createLastUsed(store: Store, logger: Logger): LastUsed {
  const noted = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    const keyIds = [...noted];
    noted.clear();
    try {
      // one after the other: this has time, and the requests need the connections
      for (const keyId of keyIds) await touchLastUsed(store.pool, keyId);
    } catch (error) {
      logger.warn({ error }, "the use of some keys was not noted");
    }
  };
  const flush = (): Promise<void> => {
    writing = writing.then(write);
    return writing;
  };
  return {
    note: (keyId) => void noted.add(keyId),
    start() {
      timer = setInterval(() => void flush(), PERIOD_MS).unref();
    },
    stop() {
      clearInterval(timer);
      return flush();
    },
  };
}
