// Opens the folder in which a stand-in keeps its parameters and objects: locked, read, and written anew without what is over.

import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lockFolder } from "@airlock/folder-lock";
import { type BucketChange, BucketStore, type Version } from "../s3/bucket-store.ts";
import { ParameterStore } from "../ssm/parameter-store.ts";
import { Bodies, type KeptBody } from "./bodies.ts";
import { type Journal, readJournal, writeJournal } from "./journal.ts";
import { type Change, NotKept, type Stores } from "./stores.ts";

type ObjectChange = Extract<Change, { kind: "object" }>;
/** A change as the journal has it: bytes are elsewhere, or base64. */
type KeptChange =
  | Exclude<Change, ObjectChange>
  | (Omit<ObjectChange, "version"> & {
      readonly version: Omit<Version, "body"> & { readonly body?: KeptBody };
    });

const filesOf = (folder: string) => ({
  journal: join(folder, "journal"),
  bodies: join(folder, "bodies"),
});

/** Whether something was ever kept there, if only that nothing is left. */
export const isKeptIn = (folder: string): boolean => existsSync(filesOf(folder).journal);

/** Forgets all that is kept there. Throws an Error when a process uses the folder. */
export async function emptyStoreFolder(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const lock = await lockFolder(folder);
  try {
    const { journal, bodies } = filesOf(folder);
    await rm(journal, { force: true });
    await rm(bodies, { recursive: true, force: true });
  } finally {
    await lock.release();
  }
}

/**
 * @param folder is made when it is not there; one process has it at a time.
 * @throws Error that says who has it, or what in it is damaged.
 */
export async function openStores(folder: string): Promise<Stores> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(folder);
  try {
    return await readStores(folder, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function readStores(folder: string, release: () => Promise<void>): Promise<Stores> {
  const files = filesOf(folder);
  const bodies = new Bodies(files.bodies);
  let pending: Change[] = [];
  const record = (change: Change) => void pending.push(change);
  const buckets = new BucketStore(record);
  const parameters = new ParameterStore(record);
  let isBegun = isKeptIn(folder);
  if (isBegun) {
    // a checksum stands before each line: it is as it was written, by this very code
    for (const kept of readJournal(files.journal) as KeptChange[]) {
      const change = unpack(kept, bodies);
      if (isOfBuckets(change)) buckets.apply(change);
      else parameters.apply(change);
    }
  }

  let journal: Journal | undefined;
  const begin = () => {
    const inUse = new Set<string>();
    const next = writeJournal(files.journal, all(buckets, parameters, bodies, inUse));
    journal?.close();
    journal = next;
    bodies.sweep(inUse);
  };
  if (isBegun) begin();
  let isClosed = false;
  return {
    buckets,
    parameters,
    commit() {
      if (isBegun && pending.length === 0) return;
      if (isClosed) throw new NotKept(`${folder} is closed`);
      try {
        if (isBegun) journal?.append(pending.map((change) => pack(change, bodies)));
        else begin();
      } catch (error) {
        throw new NotKept(`cannot be kept in ${folder}: ${String(error)}`);
      }
      isBegun = true;
      pending = [];
    },
    clear() {
      buckets.clear();
      parameters.clear();
      isBegun = false;
    },
    async close() {
      isClosed = true;
      journal?.close();
      await release();
    },
  };
}

function* all(
  buckets: BucketStore,
  parameters: ParameterStore,
  bodies: Bodies,
  inUse: Set<string>,
): Generator<KeptChange> {
  yield* parameters.changes();
  for (const change of buckets.changes()) {
    const kept = pack(change, bodies);
    if (kept.kind === "object" && kept.version.body && "sha256" in kept.version.body) {
      inUse.add(kept.version.body.sha256);
    }
    yield kept;
  }
}

const isOfBuckets = (change: Change): change is BucketChange =>
  change.kind === "bucket" || change.kind === "object" || change.kind === "object-gone";

function pack(change: Change, bodies: Bodies): KeptChange {
  if (change.kind !== "object") return change;
  const { body, ...version } = change.version;
  return { ...change, version: { ...version, ...(body && { body: bodies.keep(body) }) } };
}

function unpack(kept: KeptChange, bodies: Bodies): Change {
  if (kept.kind !== "object") return kept;
  const { body, ...version } = kept.version;
  return { ...kept, version: { ...version, ...(body && { body: bodies.read(body) }) } as Version };
}
