/** What each kind is: names, defaults, checks, fields to select by, and members that only `status` writes. */
import type { KindName } from "./kind-names.ts";
import { type Json, jsonOf, textOf } from "./objects.ts";
import type { Fault } from "./refusal.ts";
import { checkClaim, checkClaimChange, withClaimDefaults } from "./validation/claim.ts";
import { DNS_1035_LABEL, type Grammar, SUBDOMAIN } from "./validation/names.ts";
import {
  checkEvent,
  checkNode,
  checkSecret,
  checkSecretChange,
  checkService,
  withNodeDefaults,
  withSecretDefaults,
  withServiceDefaults,
} from "./validation/other-kinds.ts";
import { checkPod, checkPodChange, withPodDefaults } from "./validation/pod.ts";
import {
  checkClass,
  checkContent,
  checkSnapshot,
  checkSnapshotChange,
  withoutStatus,
} from "./validation/snapshots.ts";

export interface KindRules {
  readonly names: Grammar;
  /** @param number one that no other object has. */
  readonly withDefaults: (object: Json, number: number) => Json;
  readonly check: (object: Json) => Fault[];
  readonly checkChange: (before: Json, after: Json) => Fault[];
  /** Fields to select by, beside metadata.name and metadata.namespace. */
  readonly fields: Readonly<Record<string, (object: Json) => string>>;
  readonly hasStatus: boolean;
  /** What a deletion answers: the object, or a Status. */
  readonly isReturnedWhenDeleted: boolean;
}

const anyChange = () => [];
const same = (object: Json) => object;
const spec = (name: string) => (object: Json) => textOf(jsonOf(object.spec)[name]);
const status = (name: string) => (object: Json) => textOf(jsonOf(object.status)[name]);
const involved = (name: string) => (object: Json) => textOf(jsonOf(object.involvedObject)[name]);

export const KINDS: Readonly<Record<KindName, KindRules>> = {
  pods: {
    names: SUBDOMAIN,
    withDefaults: withPodDefaults,
    check: checkPod,
    checkChange: checkPodChange,
    fields: {
      "spec.nodeName": spec("nodeName"),
      "spec.restartPolicy": spec("restartPolicy"),
      "spec.schedulerName": spec("schedulerName"),
      "spec.serviceAccountName": spec("serviceAccountName"),
      "status.phase": status("phase"),
      "status.podIP": status("podIP"),
    },
    hasStatus: true,
    isReturnedWhenDeleted: true,
  },
  secrets: {
    names: SUBDOMAIN,
    withDefaults: withSecretDefaults,
    check: checkSecret,
    checkChange: checkSecretChange,
    fields: { type: (object) => textOf(object.type) },
    hasStatus: false,
    isReturnedWhenDeleted: false,
  },
  services: {
    names: DNS_1035_LABEL,
    withDefaults: withServiceDefaults,
    check: checkService,
    checkChange: anyChange,
    fields: {},
    hasStatus: true,
    isReturnedWhenDeleted: false,
  },
  persistentvolumeclaims: {
    names: SUBDOMAIN,
    withDefaults: withClaimDefaults,
    check: checkClaim,
    checkChange: checkClaimChange,
    fields: {},
    hasStatus: true,
    isReturnedWhenDeleted: true,
  },
  events: {
    names: SUBDOMAIN,
    withDefaults: same,
    check: checkEvent,
    checkChange: anyChange,
    fields: {
      "involvedObject.kind": involved("kind"),
      "involvedObject.name": involved("name"),
      "involvedObject.namespace": involved("namespace"),
      "involvedObject.uid": involved("uid"),
      reason: (object) => textOf(object.reason),
      type: (object) => textOf(object.type),
    },
    hasStatus: false,
    isReturnedWhenDeleted: false,
  },
  nodes: {
    names: SUBDOMAIN,
    withDefaults: withNodeDefaults,
    check: checkNode,
    checkChange: anyChange,
    fields: {
      "spec.unschedulable": (object) => String(jsonOf(object.spec).unschedulable ?? false),
    },
    hasStatus: true,
    isReturnedWhenDeleted: false,
  },
  volumesnapshots: {
    names: SUBDOMAIN,
    withDefaults: withoutStatus,
    check: checkSnapshot,
    checkChange: checkSnapshotChange,
    fields: {},
    hasStatus: true,
    isReturnedWhenDeleted: false,
  },
  volumesnapshotcontents: {
    names: SUBDOMAIN,
    withDefaults: withoutStatus,
    check: checkContent,
    checkChange: anyChange,
    fields: {},
    hasStatus: true,
    isReturnedWhenDeleted: false,
  },
  volumesnapshotclasses: {
    names: SUBDOMAIN,
    withDefaults: same,
    check: checkClass,
    checkChange: anyChange,
    fields: {},
    hasStatus: false,
    isReturnedWhenDeleted: false,
  },
};
