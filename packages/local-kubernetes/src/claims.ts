/** Claims as they stand in the store, and those that pods mount. */
import {
  type Container,
  jsonOf,
  listOf,
  type PodObject,
  type StoredObject,
  textOf,
} from "./objects.ts";

export const isBound = ({ status }: StoredObject): boolean => jsonOf(status).phase === "Bound";

/** What it asks for. */
export const sizeOf = ({ spec }: StoredObject): string =>
  textOf(jsonOf(jsonOf(jsonOf(spec).resources).requests).storage);

/** The claims that a pod names, by the volumes that they are in it. */
const claimVolumes = ({ spec }: PodObject): Map<string, string> =>
  new Map(
    listOf(spec.volumes)
      .map(jsonOf)
      .map(({ name, persistentVolumeClaim }) => [
        textOf(name),
        textOf(jsonOf(persistentVolumeClaim).claimName),
      ]),
  );

export const claimsOf = (pod: PodObject): string[] =>
  [...claimVolumes(pod).values()].filter((claim) => claim !== "");

/** The claim that a container mounts first; undefined: none. */
export function claimMountedBy(pod: PodObject, { volumeMounts = [] }: Container) {
  const claims = claimVolumes(pod);
  return volumeMounts.map(({ name }) => claims.get(textOf(name))).find(Boolean);
}
