// Parameters with their versions and labels, in memory, listed by name.

import { createHmac } from "node:crypto";
import { kindOf, storeKey } from "./parameter-name.ts";

export type ParameterType = "String" | "StringList" | "SecureString";
export type ParameterTier = "Standard" | "Advanced" | "Intelligent-Tiering";

export interface ParameterVersion {
  readonly version: number;
  readonly type: ParameterType;
  readonly value: string;
  readonly modifiedMs: number;
  readonly modifiedBy: string;
  readonly tier: "Standard" | "Advanced";
  readonly dataType: string;
  readonly description: string | undefined;
  readonly allowedPattern: string | undefined;
  readonly keyId: string | undefined;
  readonly labels: Set<string>;
}

export interface Parameter {
  /** As it was spelt when it was put: `x` or `/x`, which are one name. */
  readonly name: string;
  /** Oldest first; never empty. */
  readonly versions: ParameterVersion[];
  latest: ParameterVersion;
}

/** Stands for the KMS key, the same for every stand-in: it keeps nothing secret. */
const SEALING_KEY = "airlock-local-aws";

/** How many versions of one parameter are kept. */
export const MAX_VERSIONS = 100;

export class ParameterStore {
  private readonly parameters = new Map<string, Parameter>();
  private sorted: Parameter[] | undefined;

  find(name: string): Parameter | undefined {
    return this.parameters.get(storeKey(name));
  }

  /** Adds a version. The caller has checked every rule; the oldest version falls out beyond the limit. */
  add(name: string, content: Omit<ParameterVersion, "version" | "labels">): ParameterVersion {
    const known = this.find(name);
    const version: ParameterVersion = {
      ...content,
      version: (known?.latest.version ?? 0) + 1,
      labels: new Set(),
    };
    if (known === undefined) {
      this.parameters.set(storeKey(name), { name, versions: [version], latest: version });
      this.sorted = undefined;
      return version;
    }
    known.versions.push(version);
    known.latest = version;
    if (known.versions.length > MAX_VERSIONS) known.versions.shift();
    return version;
  }

  delete(name: string): boolean {
    this.sorted = undefined;
    return this.parameters.delete(storeKey(name));
  }

  /** The account's own and the public ones, by name: no list shows secrets and what others share. */
  list(): readonly Parameter[] {
    this.sorted ??= [...this.parameters.values()]
      .filter(({ name }) => ["own", "public"].includes(kindOf(name)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.sorted;
  }

  clear(): void {
    this.parameters.clear();
    this.sorted = undefined;
  }

  /** What a SecureString reads as without decryption: opaque, the same each time for one version. */
  ciphertext(name: string, version: ParameterVersion): string {
    const sealed = createHmac("sha512", SEALING_KEY)
      .update(`${name}:${version.version}:${version.value}`)
      .digest("base64");
    return `AQICAHh${sealed.replaceAll("=", "")}`;
  }
}
