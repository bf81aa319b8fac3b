/** Objects are created, replaced and patched. */
import { randomUUID } from "node:crypto";
import { isCustom, isNamespaced, KIND_NAMES, type KindName } from "../kind-names.ts";
import { KINDS } from "../kinds.ts";
import { type Json, jsonOf, keyOf, listOf, type StoredObject, textOf, timeOf } from "../objects.ts";
import { checkQuota } from "../quota.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  type Fault,
  forbiddenFor,
  invalid,
  namespaceTerminating,
  notFound,
  unsupportedMediaType,
} from "../refusal.ts";
import { isGrowth } from "../validation/claim.ts";
import { checkMetadata } from "../validation/metadata.ts";
import { invalidValue } from "../validation/names.ts";
import { NODE_PORTS } from "../validation/other-kinds.ts";
import { parseBody, readBody } from "../validation/read-body.ts";
import type { World } from "../world.ts";
import { mergePatch, strategicPatch } from "./patches.ts";
import { finish, isDone } from "./remove.ts";
import type { Target } from "./target.ts";

export interface Sent {
  readonly body: Buffer;
  readonly contentType: string;
  /** `fieldValidation=Strict`. */
  readonly isStrict: boolean;
}

/** @throws Refusal */
export function create(world: World, { kind, namespace }: Target, sent: Sent): StoredObject {
  const read = readBody(kind, parseBody(sent.body), sent.isStrict);
  const given = jsonOf(read.metadata);
  if (namespace !== undefined) {
    if (given.namespace !== undefined && given.namespace !== namespace) {
      throw badRequest(
        "the namespace of the provided object does not match the namespace sent on the request",
      );
    }
    const place = world.namespaces.get(namespace);
    if (place === undefined) throw notFound("namespaces", namespace);
    if (place.isTerminating) throw namespaceTerminating(kind, textOf(given.name), namespace);
  }
  const metadata = {
    ...given,
    ...(namespace !== undefined && { namespace }),
    uid: randomUUID(),
    creationTimestamp: timeOf(world.now()),
    // what a server alone says
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    resourceVersion: undefined,
    managedFields: undefined,
  };
  const rules = KINDS[kind];
  const object = withDefaults(world, kind, { ...read, metadata });
  check(kind, object, [...checkMetadata(metadata, rules.names), ...rules.check(object)]);
  const name = textOf(given.name);
  const taken = world.store.get(kind, keyOf(namespace, name));
  if (taken !== undefined) {
    throw alreadyExists(kind, name, taken.metadata.deletionTimestamp !== undefined);
  }
  if (namespace !== undefined) checkQuota(world, kind, namespace, object);
  return world.store.put(kind, clean(object));
}

/** With the first number that gives it ports of nodes which nothing else has. */
function withDefaults({ store }: World, kind: KindName, read: Json): Json {
  const portsOf = (object: Json) =>
    listOf(jsonOf(object.spec).ports).flatMap((port) => jsonOf(port).nodePort ?? []);
  const taken = new Set(kind === "services" ? store.all(kind).flatMap(portsOf) : []);
  const made = (number: number) => KINDS[kind].withDefaults(read, number);
  for (let number = store.version; number < store.version + NODE_PORTS; number++) {
    const object = made(number);
    if (!portsOf(object).some((port) => taken.has(port))) return object;
  }
  return made(store.version);
}

/** @throws Refusal */
export function replace(world: World, target: Target, sent: Sent): StoredObject {
  const { kind, name = "" } = target;
  const read = readBody(kind, parseBody(sent.body), sent.isStrict);
  const metadata = jsonOf(read.metadata);
  const wanted = textOf(metadata.name);
  if (wanted !== name) {
    throw badRequest(
      `the name of the object (${wanted}) does not match the name on the URL (${name})`,
    );
  }
  const before = find(world, target);
  const uid = textOf(metadata.uid);
  if (before === undefined) {
    if (uid === "") throw notFound(kind, name);
    throw conflict(
      kind,
      name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  if (uid !== "" && uid !== before.metadata.uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`,
    );
  }
  if (isCustom(kind) && !metadata.resourceVersion) {
    const words = "must be specified for an update";
    throw invalid(KIND_NAMES[kind], name, [invalidValue("metadata.resourceVersion", 0, words)]);
  }
  return store(world, target, before, read);
}

/** @throws Refusal */
export function patch(world: World, target: Target, sent: Sent): StoredObject {
  const { kind, name = "" } = target;
  const apply = PATCHES[sent.contentType];
  // how lists of a custom resource are merged nobody has said
  const isKnown = !isCustom(kind) || sent.contentType === MERGE;
  if (apply === undefined || !isKnown) throw unsupportedMediaType();
  const before = find(world, target);
  if (before === undefined) throw notFound(kind, name);
  const merged = apply(before, parseBody(sent.body));
  return store(world, target, before, readBody(kind, merged, sent.isStrict));
}

const MERGE = "application/merge-patch+json";

const PATCHES: Readonly<Record<string, (object: Json, patch: Json) => Json>> = {
  [MERGE]: mergePatch,
  "application/strategic-merge-patch+json": strategicPatch,
};

const find = ({ store }: World, { kind, namespace, name = "" }: Target) =>
  store.get(kind, keyOf(isNamespaced(kind) ? namespace : undefined, name));

/** `status` alone changes the status, and everything else leaves it as it is. */
function store(world: World, target: Target, before: StoredObject, read: Json): StoredObject {
  const { kind, name = "", subresource } = target;
  const rules = KINDS[kind];
  const given = jsonOf(read.metadata);
  const version = textOf(given.resourceVersion);
  if (version !== "" && version !== before.metadata.resourceVersion) {
    throw conflict(
      kind,
      name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  }
  const isStatus = subresource === "status";
  const members = isStatus
    ? { ...before, status: read.status }
    : { ...secretless(kind, read, world), ...(rules.hasStatus && { status: before.status }) };
  const { labels, annotations, finalizers, ownerReferences } = given;
  const metadata = isStatus
    ? before.metadata
    : clean({ ...before.metadata, labels, annotations, finalizers, ownerReferences });
  const object = { ...members, metadata } as Json;
  check(kind, object, [
    ...immutableUid(before, given),
    ...checkMetadata(jsonOf(metadata), rules.names),
    ...rules.check(object),
    ...(isStatus ? [] : rules.checkChange(before, object)),
  ]);
  if (kind === "persistentvolumeclaims" && !isStatus) admitGrowth(world, before, object);
  const stored = world.store.update(kind, clean(object));
  // the last finalizer of what is being deleted is gone
  return isDone(stored) ? finish(world, kind, stored) : stored;
}

/** @throws Refusal 403 for more storage than there may be. */
function admitGrowth(world: World, before: StoredObject, after: Json): void {
  if (!isGrowth(before, after)) return;
  const { name, namespace = "" } = before.metadata;
  if (!world.storage.get().canGrow) {
    const words =
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
    throw forbiddenFor("persistentvolumeclaims", name, words);
  }
  checkQuota(world, "persistentvolumeclaims", namespace, after, before);
}

/** `stringData` is put into `data` whenever a Secret is written. */
const secretless = (kind: KindName, read: Json, { store }: World): Json =>
  kind === "secrets" ? KINDS.secrets.withDefaults(read, store.version) : read;

function immutableUid(before: StoredObject, given: Json): Fault[] {
  const uid = textOf(given.uid);
  return uid === "" || uid === before.metadata.uid
    ? []
    : [invalidValue("metadata.uid", uid, "field is immutable")];
}

function check(kind: KindName, object: Json, faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  throw invalid(KIND_NAMES[kind], textOf(jsonOf(object.metadata).name), faults);
}

/** Without members that are undefined, as JSON has it. */
const clean = (object: object): StoredObject => JSON.parse(JSON.stringify(object));
