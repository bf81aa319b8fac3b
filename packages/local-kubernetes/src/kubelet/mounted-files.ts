/** The Secrets that a pod mounts, as folders of this machine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { jsonOf, keyOf, listOf, type PodObject, textOf } from "../objects.ts";
import type { ProcessUser } from "./container-process.ts";
import type { SecretCache } from "./secret-cache.ts";
import { SecretFolder } from "./secret-folder.ts";

/** A Secret that is mounted is not there: no container starts without it. */
export class MountError extends Error {}

export class MountedFiles {
  readonly #folder: string;
  readonly #user: ProcessUser | undefined;
  readonly #secrets: SecretCache;
  /** By the volumes that they are. */
  readonly #folders = new Map<string, SecretFolder>();

  /** @param folder the pod's own. @param user who reads them. */
  constructor(folder: string, user: ProcessUser | undefined, secrets: SecretCache) {
    this.#folder = folder;
    this.#user = user;
    this.#secrets = secrets;
  }

  /** Puts them there as they are known to be. @throws MountError */
  update(pod: PodObject): void {
    for (const { name, secretName, isOptional } of secretVolumesOf(pod)) {
      const secret = this.#secrets.get(keyOf(pod.metadata.namespace, secretName));
      const there = this.#folders.get(name);
      if (secret !== undefined) {
        const folder = there ?? new SecretFolder(join(this.#folder, name), this.#user);
        folder.write(jsonOf(secret.data) as Record<string, string>);
        this.#folders.set(name, folder);
      } else if (there === undefined && !isOptional) {
        // what is there already stays: a kubelet takes nothing away from who runs
        throw new MountError(
          `MountVolume.SetUp failed for volume "${name}" : secret "${secretName}" not found`,
        );
      }
    }
  }

  /** Of whichever Secret has it; undefined where none has. */
  read(file: string): string | undefined {
    for (const { path } of this.#folders.values()) {
      try {
        return readFileSync(join(path, file), "utf8");
      } catch {
        // another one may have it
      }
    }
    return undefined;
  }
}

const secretVolumesOf = ({ spec }: PodObject) =>
  listOf(spec.volumes)
    .map(jsonOf)
    .map(({ name, secret }) => ({
      name: textOf(name),
      secretName: textOf(jsonOf(secret).secretName),
      isOptional: jsonOf(secret).optional === true,
    }))
    .filter(({ secretName }) => secretName !== "");
