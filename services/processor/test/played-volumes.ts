/** Volumes and snapshots of a cluster in memory: what is on them is copied as a driver does, and nothing is ever made twice. */
import {
  type Claim,
  ClusterError,
  type KubeEvent,
  type Manifest,
  type Meta,
  type Snapshot,
} from "../src/cluster/index.ts";
import { gibibytesOf } from "../src/disks/disk-hold.ts";

/** What is on a volume: files, by their names. */
export type Files = Map<string, string>;

export interface VolumeRules {
  /** - never: it is not cut; - uploads: it is cut, and never ready; - error: the driver says why it cannot. */
  snapshots: "at once" | "never" | "uploads" | "error";
  /** Whether volumes can grow: at once, as soon as a pod mounts them, never, or not at all. */
  growth: "at once" | "pending" | "never" | "refused";
  /** - waits: until a pod mounts it; - fails: the driver says why it cannot. */
  binding: "at once" | "waits" | "fails";
}

interface Entry<T> {
  readonly object: T;
  readonly files: Files;
}

export interface PlayedVolumes {
  readonly rules: VolumeRules;
  readonly claims: Map<string, Meta>;
  readonly snapshots: Map<string, Entry<Snapshot>>;
  /** Of the volume that this claim has. */
  files(claim: string): Files;
  createClaim(metadata: Meta, manifest: Manifest): Claim;
  getClaim(name: string): Claim | undefined;
  growClaim(name: string, uid: string, patch: object): Claim;
  removeClaim(name: string, uid: string): "gone" | "other";
  createSnapshot(metadata: Meta, manifest: Manifest): Snapshot;
  getSnapshot(name: string): Snapshot | undefined;
  removeSnapshot(name: string, uid: string): "gone" | "other";
  events(uid: string): KubeEvent[];
}

interface ClaimSpec {
  readonly resources: { readonly requests: { readonly storage: string } };
  readonly dataSource?: { readonly name: string };
}

export function playVolumes(): PlayedVolumes {
  const rules: VolumeRules = { snapshots: "at once", growth: "at once", binding: "at once" };
  /** The test may take one away, as somebody with kubectl does. */
  const claims = new Map<string, Meta>();
  const volumes = new Map<string, { spec: ClaimSpec; capacity: string; files: Files }>();
  const snapshots = new Map<string, Entry<Snapshot>>();

  const volumeOf = (name: string) => {
    const volume = volumes.get(name);
    if (volume === undefined || !claims.has(name)) throw new Error(`no volume ${name}`);
    return volume;
  };
  const claimOf = (name: string): Claim | undefined => {
    const metadata = claims.get(name);
    if (metadata === undefined) return undefined;
    const { spec, capacity } = volumeOf(name);
    const isBound = rules.binding === "at once";
    const isPending = capacity !== spec.resources.requests.storage && rules.growth === "pending";
    const pending = { type: "FileSystemResizePending", status: "True", reason: "", message: "" };
    return {
      metadata,
      spec: {
        storageClassName: "fast",
        volumeName: isBound ? `volume-of-${name}` : "",
        accessModes: ["ReadWriteOnce"],
        requests: spec.resources.requests,
      },
      status: {
        phase: isBound ? "Bound" : "Pending",
        capacity: isBound ? { storage: capacity } : {},
        conditions: isPending ? [pending] : [],
      },
    };
  };
  return {
    rules,
    claims,
    snapshots,
    files: (claim) => volumeOf(claim).files,
    createClaim(metadata, manifest) {
      const spec = manifest.spec as ClaimSpec;
      const source = spec.dataSource && snapshots.get(spec.dataSource.name);
      if (spec.dataSource !== undefined && source === undefined) {
        throw new ClusterError("invalid", `There is no VolumeSnapshot ${spec.dataSource.name}.`);
      }
      const files = new Map(source?.files ?? []);
      volumes.set(metadata.name, { spec, capacity: spec.resources.requests.storage, files });
      claims.set(metadata.name, metadata);
      return claimOf(metadata.name) as Claim;
    },
    getClaim: claimOf,
    growClaim(name, uid, patch) {
      if (claims.get(name)?.uid !== uid) throw new ClusterError("conflict", `No such ${name}.`);
      if (rules.growth === "refused") {
        throw new ClusterError("admission_denied", "Its class does not let volumes grow.");
      }
      const { spec } = patch as { spec: ClaimSpec };
      const volume = volumeOf(name);
      const { storage } = spec.resources.requests;
      volumes.set(name, {
        ...volume,
        spec: { ...volume.spec, ...spec },
        capacity: rules.growth === "at once" ? storage : volume.capacity,
      });
      return claimOf(name) as Claim;
    },
    removeClaim(name, uid) {
      if (claims.has(name) && claims.get(name)?.uid !== uid) return "other";
      claims.delete(name);
      return "gone";
    },
    createSnapshot(metadata, manifest) {
      const { source } = manifest.spec as { source: { persistentVolumeClaimName: string } };
      const claim = source.persistentVolumeClaimName;
      const { files, capacity } = volumes.get(claim) ?? { files: new Map(), capacity: "1Gi" };
      const now = new Date().toISOString();
      const how = claims.has(claim) ? rules.snapshots : "error";
      const object: Snapshot = {
        metadata,
        status: {
          ...((how === "at once" || how === "uploads") && { creationTime: now }),
          readyToUse: how === "at once",
          restoreSize: `${gibibytesOf(capacity)}Gi`,
          error: how === "error" ? "The driver says no." : "",
        },
      };
      snapshots.set(metadata.name, { object, files: new Map(files) });
      return object;
    },
    getSnapshot: (name) => snapshots.get(name)?.object,
    removeSnapshot(name, uid) {
      const found = snapshots.get(name);
      if (found !== undefined && found.object.metadata.uid !== uid) return "other";
      snapshots.delete(name);
      return "gone";
    },
    events(uid) {
      const [metadata] = [...claims.values()].filter((one) => one.uid === uid);
      if (metadata === undefined || rules.binding === "at once") return [];
      const event = (type: string, reason: string, message: string, agoMs = 0) => ({
        metadata,
        involvedObject: { kind: "PersistentVolumeClaim", name: metadata.name, uid },
        ...{ type, reason, message, count: 1 },
        at: new Date(Date.now() - agoMs).toISOString(),
      });
      if (rules.binding !== "fails") {
        return [event("Normal", "WaitForFirstConsumer", "waiting for first consumer")];
      }
      // a server lists them by their names
      return [
        event("Warning", "ProvisioningFailed", "The driver has no room."),
        event("Warning", "ProvisioningFailed", "The driver is not there.", 1000),
      ];
    },
  };
}
