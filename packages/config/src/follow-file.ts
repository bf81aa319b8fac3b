/** Follows a file that is replaced while the process runs, as the kubelet does with what it mounts. */
import { stat } from "node:fs/promises";

/** How often the file is looked at; the kubelet takes a minute to put a new one there. */
const POLL_MS = 1000;

export interface Followed {
  /** Looks at the file now rather than at the next poll. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

export interface FollowOptions {
  /** `fileVersion` of what was read already; "" has it read again at the first look. */
  readonly version: string;
  /** Takes over what the file holds now, or rejects. */
  take(): Promise<void>;
  /** What the file holds is what was taken last. */
  good(): void;
  /** It cannot be looked at, or not be taken over; it is tried again at the next look. */
  failed(error: unknown): void;
}

/**
 * The kubelet swaps a symlink on the way to the file, so that another one is at its end: `stat` sees
 * that, a watch on the file would not.
 */
export function followFile(path: string, options: FollowOptions): Followed {
  let { version } = options;

  const look = async () => {
    try {
      // before the file is read: a swap between the two is seen at the next look
      const found = await fileVersion(path);
      if (found !== version) await options.take();
      version = found;
      options.good();
    } catch (error) {
      options.failed(error);
    }
  };

  let looking: Promise<void> | undefined;
  const refresh = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => void refresh(), POLL_MS).unref();
  return { refresh, close: () => clearInterval(timer) };
}

/** What tells one file from the next: a swap changes inode and times, a rewrite the times. */
export async function fileVersion(path: string): Promise<string> {
  const { ino, mtimeNs, ctimeNs, size } = await stat(path, { bigint: true });
  return `${ino}:${mtimeNs}:${ctimeNs}:${size}`;
}
