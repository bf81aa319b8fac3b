/** Notices saved files: a look at all of them, as soon as a folder says that something has happened. */
import { createFolderWatch, type WatchFolder } from "./folder-watch.ts";
import { changedFiles, readSources, type SourceTree } from "./source-files.ts";

export interface SourceWatch {
  close(): Promise<void>;
}

export interface SourceWatchOptions {
  /** The checkout. */
  readonly root: string;
  /** Files elsewhere, by their absolute paths. */
  readonly more?: readonly string[];
  /** Paths relative to the checkout, and absolute ones of files elsewhere. */
  readonly onChange: (files: readonly string[]) => void;
  /** What is saved within this belongs together, as a checkout of another branch does. */
  readonly quietMs?: number;
  /** Looks without being told as well: folders of some containers and network drives tell nothing. */
  readonly periodMs?: number;
  /** The system's, unless a test has another. */
  readonly watch?: WatchFolder;
}

const MAX_UNREST_MS = 2000;

/**
 * Folders are watched, not files: a file that another one takes the place of, as most editors and
 * git save, is a new file, and whoever watches the old one hears nothing again (nodejs/node#51621).
 *
 * @returns once the state to compare with is known.
 */
export async function watchSources(options: SourceWatchOptions): Promise<SourceWatch> {
  const { root, more, onChange, quietMs = 100, periodMs = 2000, watch } = options;
  const folders = createFolderWatch(root, () => hint(), watch);
  let known: SourceTree;
  let lookTimer: NodeJS.Timeout | undefined;
  let hintedMs: number | undefined;
  let isLooking = false;
  let isClosed = false;

  const hint = () => {
    if (isClosed) return;
    hintedMs ??= performance.now();
    // who never stops saving is looked at all the same
    if (lookTimer && performance.now() - hintedMs > MAX_UNREST_MS) return;
    clearTimeout(lookTimer);
    lookTimer = setTimeout(look, quietMs);
  };
  const look = async () => {
    lookTimer = undefined;
    if (isLooking) return hint();
    isLooking = true;
    hintedMs = undefined;
    const found = await readSources(root, more);
    isLooking = false;
    if (isClosed) return;
    const changed = changedFiles(known, found);
    known = found;
    // files may have come into a new folder before it was watched
    if (folders.follow(found.folders)) hint();
    if (changed.length > 0) onChange(changed);
  };

  known = await readSources(root, more);
  folders.follow(known.folders);
  hint();
  const period = setInterval(hint, periodMs);
  return {
    async close() {
      isClosed = true;
      clearInterval(period);
      clearTimeout(lookTimer);
      folders.close();
    },
  };
}
