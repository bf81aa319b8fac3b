/**
 * Volumes and snapshots as folders of this machine: each beside the object that it is bound to, so that both are
 * there again after a restart.
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { KindName } from "./kind-names.ts";
import type { ProcessUser } from "./kubelet/container-process.ts";
import type { StoredObject } from "./objects.ts";
import { copyFolder } from "./storage/copy-folder.ts";
import type { Store } from "./store.ts";

export interface Volumes {
  /** The folder that is a claim's volume: it is made when it is not there. */
  folderOf(namespace: string | undefined, claim: string): string;
  /** Keeps what is known of a claim, a snapshot or a snapshot's content. */
  keep(object: StoredObject): void;
  /** It is gone, and what was in its volume. */
  drop(object: StoredObject): void;
  /** The content is a copy of the claim's volume from now on. Rejects with a sentence. */
  take(content: StoredObject, claim: StoredObject): Promise<void>;
  /** The claim's volume is a copy of what is in a content, or in another claim's volume. Rejects with a sentence. */
  fill(claim: StoredObject, source: StoredObject): Promise<void>;
}

/** By `kind`: the objects that are kept, and the names of their files. */
const KEPT: Readonly<Record<string, { readonly kind: KindName; readonly file: string }>> = {
  PersistentVolumeClaim: { kind: "persistentvolumeclaims", file: "claim.json" },
  VolumeSnapshot: { kind: "volumesnapshots", file: "snapshot.json" },
  VolumeSnapshotContent: { kind: "volumesnapshotcontents", file: "content.json" },
};
const DATA = "data";

/** Puts what a run before has left into the store. @param user who writes into them. */
export function openVolumes(folder: string, user: ProcessUser | undefined, store: Store): Volumes {
  // no namespace begins with a point or has a line below in it, so no two objects share a place
  const placeOf = ({ kind, metadata: { namespace = "", name } }: Place) =>
    join(folder, `${kind === "PersistentVolumeClaim" ? "" : `.${kind}_`}${namespace}_${name}`);
  const makeFolder = (path: string) => {
    mkdirSync(path, { recursive: true });
    // others may pass, to the folders that are theirs
    chmodSync(path, user === undefined ? 0o700 : 0o711);
  };
  const claimFolder = (namespace: string | undefined, name: string) => {
    const metadata = { name, ...(namespace !== undefined && { namespace }) };
    const place = placeOf({ kind: "PersistentVolumeClaim", metadata });
    const data = join(place, DATA);
    makeFolder(place);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    if (user) chownSync(data, user.uid, user.gid);
    return data;
  };
  const dataOf = (object: StoredObject) =>
    object.kind === "PersistentVolumeClaim"
      ? claimFolder(object.metadata.namespace, object.metadata.name)
      : join(placeOf(object), DATA);
  makeFolder(folder);
  for (const place of readdirSync(folder)) {
    for (const { kind, file } of Object.values(KEPT)) {
      const object = readObject(join(folder, place, file));
      if (object !== undefined) store.put(kind, object);
    }
  }
  return {
    folderOf: claimFolder,
    keep(object) {
      const file = KEPT[object.kind]?.file;
      if (file === undefined) return;
      const path = join(placeOf(object), file);
      makeFolder(placeOf(object));
      writeFileSync(`${path}.new`, JSON.stringify(object));
      renameSync(`${path}.new`, path);
    },
    drop(object) {
      if (KEPT[object.kind] === undefined) return;
      rmSync(placeOf(object), { recursive: true, force: true });
    },
    take: (content, claim) => copyFolder(dataOf(claim), join(placeOf(content), DATA)),
    fill: (claim, source) => copyFolder(dataOf(source), dataOf(claim)),
  };
}

type Place = Pick<StoredObject, "kind"> & {
  readonly metadata: Pick<StoredObject["metadata"], "namespace" | "name">;
};

/** Undefined where none was kept: its volume had just been begun when the machine went down. */
function readObject(file: string): StoredObject | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
