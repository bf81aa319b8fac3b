/** What each step of the storage that is played is given. */
import type { PodObject, StoredObject } from "../objects.ts";
import type { Record } from "../recorder.ts";
import type { Volumes } from "../volumes.ts";
import type { World } from "../world.ts";

export interface StorageWorld {
  readonly world: World;
  readonly volumes: Volumes | undefined;
  readonly record: Record;
  /** Pods of its namespace that mount it and are not over. */
  readonly usersOf: (claim: StoredObject) => readonly PodObject[];
  /** Whether something is copied from it: it must not go. */
  readonly isRead: (object: StoredObject) => boolean;
  /** The same while `work` goes on. */
  readonly reading: <T>(object: StoredObject, work: () => Promise<T>) => Promise<T>;
  readonly wait: (delayMs: number) => Promise<void>;
  /** Records an event that is told once of an object. */
  readonly recordOnce: (object: StoredObject, reason: string, message: string) => void;
}
