// Parameters with their versions and labels, in memory, listed by name; every change can be recorded and made again.

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

/** What happens to parameters, as it can be written down and done again. */
export type ParameterChange =
  | {
      readonly kind: "parameter";
      readonly name: string;
      readonly version: Omit<ParameterVersion, "labels">;
    }
  | {
      readonly kind: "labels";
      readonly name: string;
      readonly version: number;
      readonly labels: readonly string[];
    }
  | { readonly kind: "parameter-gone"; readonly name: string };

/** Stands for the KMS key, the same for every stand-in: it keeps nothing secret. */
const SEALING_KEY = "airlock-local-aws";

/** How many versions of one parameter are kept. */
export const MAX_VERSIONS = 100;

export class ParameterStore {
  private readonly parameters = new Map<string, Parameter>();
  private readonly record: (change: ParameterChange) => void;
  private sorted: Parameter[] | undefined;

  /** @param record is told every change once it is made, but not `clear`. */
  constructor(record: (change: ParameterChange) => void = () => {}) {
    this.record = record;
  }

  find(name: string): Parameter | undefined {
    return this.parameters.get(storeKey(name));
  }

  /** Adds a version and returns its number. The caller has checked every rule; the oldest falls out beyond the limit. */
  add(name: string, content: Omit<ParameterVersion, "version" | "labels">): number {
    const version = (this.find(name)?.latest.version ?? 0) + 1;
    this.change({ kind: "parameter", name, version: { ...content, version } });
    return version;
  }

  /** A label stands on one version only: attaching it here takes it from there. */
  label(name: string, version: number, labels: readonly string[]): void {
    this.change({ kind: "labels", name, version, labels });
  }

  delete(name: string): boolean {
    if (this.find(name) === undefined) return false;
    this.change({ kind: "parameter-gone", name });
    return true;
  }

  /** Makes a change that was recorded before. */
  apply(change: ParameterChange): void {
    const known = this.find(change.name);
    switch (change.kind) {
      case "parameter":
        this.addVersion(change.name, known, { ...change.version, labels: new Set() });
        break;
      case "labels":
        for (const { version, labels } of known?.versions ?? []) {
          for (const label of change.labels) {
            if (version === change.version) labels.add(label);
            else labels.delete(label);
          }
        }
        break;
      case "parameter-gone":
        this.parameters.delete(storeKey(change.name));
        this.sorted = undefined;
        break;
    }
  }

  /** The changes that lead from nothing to what is here. */
  *changes(): Generator<ParameterChange> {
    for (const { name, versions } of this.parameters.values()) {
      for (const { labels, ...version } of versions) {
        yield { kind: "parameter", name, version };
        if (labels.size > 0) {
          yield { kind: "labels", name, version: version.version, labels: [...labels] };
        }
      }
    }
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

  private change(change: ParameterChange): void {
    this.apply(change);
    this.record(change);
  }

  private addVersion(name: string, known: Parameter | undefined, version: ParameterVersion): void {
    if (known === undefined) {
      this.parameters.set(storeKey(name), { name, versions: [version], latest: version });
      this.sorted = undefined;
      return;
    }
    known.versions.push(version);
    known.latest = version;
    if (known.versions.length > MAX_VERSIONS) known.versions.shift();
  }
}
