/** The snapshot of a disk that somebody names: by its id, or the beginning of it. */
import type { DiskSnapshot, DiskSnapshots } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { CliError, EXIT, usageError } from "../cli-error.ts";

export const diskPath = (name: string): string => `/v1/disks/${encodeURIComponent(name)}`;

export const shortSnapshot = ({ snapshot_id }: Pick<DiskSnapshot, "snapshot_id">): string =>
  snapshot_id.slice(0, 8);

/** @throws CliError; EXIT.notFound for whatever is none of this disk's. */
export async function findSnapshot(api: Api, disk: string, id: string): Promise<DiskSnapshot> {
  const { snapshots } = await api.get<DiskSnapshots>(`${diskPath(disk)}/snapshots`);
  const found = snapshots.filter(({ snapshot_id }) => snapshot_id.startsWith(id.toLowerCase()));
  const [only, another] = found;
  const next = `gpu-dev disk snapshots ${disk}`;
  if (!only || id === "") {
    const words = `Disk ${disk} has no snapshot ${JSON.stringify(id)}.`;
    throw new CliError(EXIT.notFound, words, { next });
  }
  if (another) {
    throw usageError(`${found.length} snapshots of disk ${disk} begin with ${id}.`, next);
  }
  return only;
}
