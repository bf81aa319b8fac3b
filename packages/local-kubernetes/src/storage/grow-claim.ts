/** Grows the volume of a claim that asks for more, as resizer and kubelet do: the file system when a pod has it mounted. */
import { sizeOf } from "../claims.ts";
import { mergeConditions } from "../kubelet/pod-status.ts";
import { type Condition, jsonOf, listOf, type StoredObject, textOf } from "../objects.ts";
import { parseQuantity } from "../scheduler/quantity.ts";
import type { StorageWorld } from "./storage-world.ts";

const PENDING = {
  type: "FileSystemResizePending",
  status: "True",
  message: "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
};

const capacityOf = ({ status }: StoredObject): string =>
  textOf(jsonOf(jsonOf(status).capacity).storage);

const conditionsOf = ({ status }: StoredObject) =>
  listOf(jsonOf(status).conditions) as readonly Condition[];

/** @returns whether there is nothing left to do. */
export function growClaim({ world, record, usersOf }: StorageWorld, claim: StoredObject): boolean {
  const wanted = sizeOf(claim);
  if (parseQuantity(wanted) <= parseQuantity(capacityOf(claim))) return true;
  const { store, storage, now } = world;
  const change = (status: object) =>
    store.update("persistentvolumeclaims", {
      ...claim,
      status: { ...jsonOf(claim.status), ...status },
    });
  const isGrown = conditionsOf(claim).some(({ type }) => type === PENDING.type);
  const error = isGrown ? undefined : storage.strike(["growthError"], claim.metadata.name);
  if (error !== undefined) {
    record(
      claim,
      "Warning",
      "VolumeResizeFailed",
      `resize volume "pvc-${claim.metadata.uid}" by resizer "local" failed: rpc error: code = Internal desc = ${error.message}`,
    );
    return false;
  }
  if (usersOf(claim).some(({ status }) => status.phase === "Running")) {
    change({ capacity: { storage: wanted }, conditions: undefined });
    record(claim, "Normal", "FileSystemResizeSuccessful", "MountVolume.NodeExpandVolume succeeded");
  } else if (!isGrown) {
    change({ conditions: mergeConditions(conditionsOf(claim), [PENDING], now()) });
    record(claim, "Normal", PENDING.type, PENDING.message);
  }
  return true;
}
