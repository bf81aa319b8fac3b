/** Watches as many folders as there are, and only those that are there. */
import { type FSWatcher, watch as watchByTheSystem } from "node:fs";
import { join } from "node:path";

export interface FolderWatch {
  /**
   * Begins to watch folders that are new, and lets go of those that have gone.
   *
   * @param folders relative path → what tells the folder from one that had its name before.
   * @returns whether there is a new one.
   */
  follow(folders: ReadonlyMap<string, string>): boolean;
  close(): void;
}

/** @throws Error when the folder has gone, or the system has no more watches to give. */
export type WatchFolder = (path: string, onEvent: () => void) => FSWatcher;

/** @param onEvent something has happened in one of them. */
export function createFolderWatch(
  root: string,
  onEvent: () => void,
  watch: WatchFolder = watchByTheSystem,
): FolderWatch {
  const watched = new Map<string, { readonly mark: string; readonly watcher: FSWatcher }>();
  const letGo = (folder: string) => {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  };
  return {
    follow(folders) {
      let hasNew = false;
      for (const [folder, { mark }] of watched) if (folders.get(folder) !== mark) letGo(folder);
      for (const [folder, mark] of folders) {
        if (watched.has(folder)) continue;
        try {
          const watcher = watch(join(root, folder), onEvent).on("error", onEvent);
          watched.set(folder, { mark, watcher });
          hasNew = true;
        } catch {
          // whoever looks from time to time sees it all the same
        }
      }
      return hasNew;
    },
    close() {
      for (const folder of watched.keys()) letGo(folder);
    },
  };
}
