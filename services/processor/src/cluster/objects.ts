/** What the processor reads of Kubernetes' objects. Everything else that a server stores is left out when it is read. */

export interface Meta {
  readonly name: string;
  /** Undefined for nodes. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339, as all times here. */
  readonly creationTimestamp: string;
  /** Set once somebody has deleted it: it ends when its grace is over or its finalizers are done. */
  readonly deletionTimestamp?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Without kubectl's copy of the whole object. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Resource name → quantity, such as `{ "nvidia.com/gpu": "8", memory: "512Gi" }`. */
export type Quantities = Readonly<Record<string, string>>;

/** `True`, `False` or `Unknown`, with the words of whoever set it. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec: {
    /** Empty until it is bound to a node. */
    readonly nodeName: string;
    readonly containers: readonly PodContainer[];
    readonly initContainers: readonly PodContainer[];
  };
  readonly status: {
    readonly phase: string;
    /** Of the pod as a whole, such as `Evicted`. */
    readonly reason: string;
    readonly message: string;
    readonly podIP: string;
    readonly hostIP: string;
    readonly startTime?: string;
    readonly conditions: readonly Condition[];
    readonly containerStatuses: readonly ContainerStatus[];
    readonly initContainerStatuses: readonly ContainerStatus[];
  };
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly requests: Quantities;
  readonly limits: Quantities;
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
}

/** One of the three at most. */
export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    /** 0 where none ended it. */
    readonly signal: number;
    /** Such as `Completed`, `Error`, `OOMKilled`. */
    readonly reason: string;
    readonly message: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface KubeNode {
  readonly metadata: Meta;
  readonly spec: {
    readonly unschedulable: boolean;
    readonly taints: readonly Taint[];
  };
  readonly status: {
    readonly capacity: Quantities;
    readonly allocatable: Quantities;
    readonly conditions: readonly Condition[];
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
  };
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** Its metadata alone: what is in a Secret is never read back. */
export interface Secret {
  readonly metadata: Meta;
}

export interface Service {
  readonly metadata: Meta;
  readonly spec: {
    readonly type: string;
    readonly clusterIP: string;
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      /** 0 where the service has none. */
      readonly nodePort: number;
    }[];
  };
}

export interface Claim {
  readonly metadata: Meta;
  readonly spec: {
    readonly storageClassName: string;
    /** Empty until it is bound. */
    readonly volumeName: string;
    readonly accessModes: readonly string[];
    readonly requests: Quantities;
  };
  readonly status: {
    /** `Pending`, `Bound` or `Lost`. */
    readonly phase: string;
    readonly capacity: Quantities;
    /** Such as `FileSystemResizePending`. */
    readonly conditions: readonly Condition[];
  };
}

/** What a volume had on it at one moment. */
export interface Snapshot {
  readonly metadata: Meta;
  readonly status: {
    /** From then on what is in it stands still, whatever is written to the volume. */
    readonly creationTime?: string;
    /** Volumes can be made of it. */
    readonly readyToUse: boolean;
    /** A volume that is made of it has as much; empty where that is not known. */
    readonly restoreSize: string;
    /** Why it is not there, in the words of the driver; it is tried again all the same. Empty: nothing is wrong. */
    readonly error: string;
  };
}

/** What somebody has seen of an object; the API server forgets it after an hour. */
export interface KubeEvent {
  readonly metadata: Meta;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid: string };
  /** `Normal` or `Warning`. */
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** When it was last seen. */
  readonly at: string;
}
