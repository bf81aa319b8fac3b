/** Gives a claim its volume: an empty one, or a copy of a snapshot or of another claim's. */
import { isBound, sizeOf } from "../claims.ts";
import { type Json, jsonOf, keyOf, keyOfObject, type StoredObject, textOf } from "../objects.ts";
import { parseQuantity } from "../scheduler/quantity.ts";
import type { StorageWorld } from "./storage-world.ts";

/** What a volume is made of, or a sentence why it cannot be now. */
type Source = StoredObject | "nothing" | { readonly trouble: string };

/** @returns whether there is nothing left to do. */
export async function provision(deps: StorageWorld, claim: StoredObject): Promise<boolean> {
  const { world, volumes, record, recordOnce, usersOf, reading, wait } = deps;
  if (world.storage.get().waitsForPod && usersOf(claim).length === 0) {
    const words = "waiting for first consumer to be created before binding";
    recordOnce(claim, "WaitForFirstConsumer", words);
    return true;
  }
  const fail = (words: string) => {
    const message = `failed to provision volume with StorageClass "${classOf(claim)}": ${words}`;
    record(claim, "Warning", "ProvisioningFailed", message);
    return false;
  };
  const source = sourceOf(deps, claim);
  if (isTrouble(source)) return fail(source.trouble);
  const { name } = claim.metadata;
  const error = world.storage.strike(["volumeError"], name);
  if (error !== undefined) return fail(`rpc error: code = Internal desc = ${error.message}`);
  if (source !== "nothing" && volumes !== undefined) {
    try {
      await reading(source, () => volumes.fill(claim, source));
    } catch (thrown) {
      return fail(`rpc error: code = Internal desc = ${(thrown as Error).message}`);
    }
  }
  const slow = world.storage.strike(["volumeSlow"], name);
  if (slow !== undefined) await wait(slow.delayMs);
  bind(deps, claim);
  return true;
}

function bind({ world, volumes }: StorageWorld, before: StoredObject): void {
  const { store } = world;
  const claim = store.get("persistentvolumeclaims", keyOfObject(before));
  if (claim?.metadata.uid !== before.metadata.uid || claim.metadata.deletionTimestamp) {
    // it went while it was filled
    if (claim === undefined) volumes?.drop(before);
    return;
  }
  const spec = jsonOf(claim.spec);
  store.update("persistentvolumeclaims", {
    ...claim,
    spec: {
      ...spec,
      storageClassName: classOf(claim),
      volumeName: `pvc-${claim.metadata.uid}`,
    },
    status: {
      phase: "Bound",
      accessModes: spec.accessModes,
      capacity: { storage: sizeOf(claim) },
    },
  });
}

/** One that is not named is the cluster's default. */
const classOf = ({ spec }: StoredObject): string =>
  textOf(jsonOf(spec).storageClassName) || "local";

const isTrouble = (source: Source): source is { readonly trouble: string } =>
  source !== "nothing" && "trouble" in source;

function sourceOf({ world: { store, storage } }: StorageWorld, claim: StoredObject): Source {
  const { namespace } = claim.metadata;
  const source: Json = jsonOf(jsonOf(claim.spec).dataSource);
  const name = textOf(source.name);
  if (name === "") return "nothing";
  const handle = `error getting handle for DataSource Type ${textOf(source.kind)} by Name ${name}`;
  const trouble = (words: string) => ({ trouble: `${handle}: ${words}` });
  const key = keyOf(namespace, name);
  if (source.kind === "PersistentVolumeClaim") {
    const found = store.get("persistentvolumeclaims", key);
    if (found === undefined) {
      return trouble(
        `error getting PVC ${name} (namespace "${namespace}") from api server: persistentvolumeclaim "${name}" not found`,
      );
    }
    if (!isBound(found)) return trouble(`the PVC ${name} is not bound yet`);
    return smaller(claim, found, sizeOf(found), name) ?? found;
  }
  const snapshot = storage.hasSnapshots ? store.get("volumesnapshots", key) : undefined;
  if (snapshot === undefined) {
    return trouble(
      `error getting snapshot ${name} from api server: volumesnapshots.snapshot.storage.k8s.io "${name}" not found`,
    );
  }
  const status = jsonOf(snapshot.status);
  const content = store.get(
    "volumesnapshotcontents",
    textOf(status.boundVolumeSnapshotContentName),
  );
  if (status.readyToUse !== true || content === undefined) {
    return trouble(`snapshot ${name} is not Ready`);
  }
  return smaller(claim, snapshot, textOf(status.restoreSize), name) ?? content;
}

function smaller(claim: StoredObject, source: StoredObject, size: string, name: string) {
  const [wanted, needed] = [parseQuantity(sizeOf(claim)), parseQuantity(size)];
  if (wanted >= needed) return undefined;
  const what = source.kind === "VolumeSnapshot" ? "snapshot" : "PVC";
  return {
    trouble: `requested volume size ${wanted} is less than the size ${needed} for the source ${what} ${name}`,
  };
}
