/** How each kind is sent, found and read. */
import type { Kind, Kinds } from "./cluster.ts";
import type { Raw } from "./raw.ts";
import {
  stripClaim,
  stripEvent,
  stripNode,
  stripPod,
  stripSecret,
  stripService,
  stripSnapshot,
} from "./strip.ts";

interface KindRules<T> {
  /** As `kind` in the object. */
  readonly kind: string;
  /** Unset, v1 of the core group. */
  readonly apiVersion?: string;
  readonly isNamespaced: boolean;
  /** What the processor reads of it. */
  readonly strip: (raw: Raw) => T;
}

export const KINDS: { readonly [K in Kind]: KindRules<Kinds[K]> } = {
  pods: { kind: "Pod", isNamespaced: true, strip: stripPod },
  secrets: { kind: "Secret", isNamespaced: true, strip: stripSecret },
  services: { kind: "Service", isNamespaced: true, strip: stripService },
  persistentvolumeclaims: {
    kind: "PersistentVolumeClaim",
    isNamespaced: true,
    strip: stripClaim,
  },
  volumesnapshots: {
    kind: "VolumeSnapshot",
    apiVersion: "snapshot.storage.k8s.io/v1",
    isNamespaced: true,
    strip: stripSnapshot,
  },
  events: { kind: "Event", isNamespaced: true, strip: stripEvent },
  nodes: { kind: "Node", isNamespaced: false, strip: stripNode },
};

/** For sentences. */
export const describeKind = (kind: Kind): string => KINDS[kind].kind;

/** The path of a collection, or of one object in it. @param namespace undefined for all. */
export function pathOf(kind: Kind, namespace: string | undefined, name?: string): string {
  const isPlaced = KINDS[kind].isNamespaced && namespace !== undefined;
  const place = isPlaced ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${rootOf(kind)}${place}/${kind}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

function rootOf(kind: Kind): string {
  const { apiVersion } = KINDS[kind];
  return apiVersion === undefined ? "/api/v1" : `/apis/${apiVersion}`;
}

/** What stands in an object that is sent, beside what is said of it. */
export const typeOf = (kind: Kind) => ({
  apiVersion: KINDS[kind].apiVersion ?? "v1",
  kind: KINDS[kind].kind,
});

/** Where an object stands in what is known: `namespace/name`, or the name alone. */
export const keyOf = ({ metadata }: { metadata: { namespace?: string; name: string } }): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
