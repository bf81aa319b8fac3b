/** Volumes of claims as folders of this machine: each beside the claim that it is bound to, so that both are there again after a restart. */
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
import type { ProcessUser } from "./kubelet/container-process.ts";
import type { StoredObject } from "./objects.ts";
import type { Store } from "./store.ts";

export interface Volumes {
  /** The folder that is a claim's volume: it is made when it is not there. */
  folderOf(namespace: string | undefined, claim: string): string;
  /** Keeps what is known of a claim. */
  keep(claim: StoredObject): void;
  /** The claim is gone, and what was in its volume. */
  drop(claim: StoredObject): void;
}

const CLAIM = "claim.json";
const DATA = "data";

/** Puts the claims that a run before has left into the store. @param user who writes into them. */
export function openVolumes(folder: string, user: ProcessUser | undefined, store: Store): Volumes {
  const placeOf = (namespace = "", name: string) => join(folder, `${namespace}_${name}`);
  const makeFolder = (path: string) => {
    mkdirSync(path, { recursive: true });
    // others may pass, to the folders that are theirs
    chmodSync(path, user === undefined ? 0o700 : 0o711);
  };
  makeFolder(folder);
  for (const place of readdirSync(folder)) {
    const claim = readClaim(join(folder, place, CLAIM));
    if (claim !== undefined) store.put("persistentvolumeclaims", claim);
  }
  return {
    folderOf(namespace, name) {
      const data = join(placeOf(namespace, name), DATA);
      makeFolder(placeOf(namespace, name));
      mkdirSync(data, { recursive: true, mode: 0o700 });
      if (user) chownSync(data, user.uid, user.gid);
      return data;
    },
    keep(claim) {
      const { namespace, name } = claim.metadata;
      const file = join(placeOf(namespace, name), CLAIM);
      makeFolder(placeOf(namespace, name));
      writeFileSync(`${file}.new`, JSON.stringify(claim));
      renameSync(`${file}.new`, file);
    },
    drop: ({ metadata: { namespace, name } }) =>
      rmSync(placeOf(namespace, name), { recursive: true, force: true }),
  };
}

/** Undefined where none was kept: its volume had just been begun when the machine went down. */
function readClaim(file: string): StoredObject | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
