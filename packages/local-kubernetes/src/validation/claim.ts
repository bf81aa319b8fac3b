/** What claims may be, and how they may change: their size grows, all else stays. */
import { isJson, type Json, jsonOf, listOf, textOf } from "../objects.ts";
import type { Fault } from "../refusal.ts";
import { parseQuantity } from "../scheduler/quantity.ts";
import { textsOf } from "./metadata.ts";
import { forbidden, invalidValue, notSupported, required } from "./names.ts";

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

export function withClaimDefaults(claim: Json): Json {
  const metadata = jsonOf(claim.metadata);
  return {
    ...claim,
    metadata: { ...metadata, finalizers: ["kubernetes.io/pvc-protection"] },
    spec: { volumeMode: "Filesystem", ...withSource(jsonOf(claim.spec)) },
    status: { phase: "Pending" },
  };
}

/** Both members say the same; of what only `dataSourceRef` may name, `dataSource` says nothing. */
function withSource({ dataSource, dataSourceRef, ...spec }: Json): Json {
  const given = dataSourceRef ?? dataSource;
  if (!isJson(given)) return spec;
  const { namespace: _namespace, ...source } = given;
  const group = textOf(source.apiGroup);
  const isOld =
    (group === "" && source.kind === "PersistentVolumeClaim") ||
    (group === "snapshot.storage.k8s.io" && source.kind === "VolumeSnapshot");
  // what an old member cannot say is dropped, but for what is wrong with it
  const isKept = isOld || dataSource === undefined || group === "";
  return {
    ...spec,
    ...((isOld || group === "") && { dataSource: source }),
    ...(isKept && { dataSourceRef: given }),
  };
}

export function checkClaim(claim: Json): Fault[] {
  const spec = jsonOf(claim.spec);
  const modes = listOf(spec.accessModes).map(textOf);
  const storage = textsOf(jsonOf(spec.resources).requests).storage;
  return [
    ...(modes.length === 0
      ? [required("spec.accessModes", "at least 1 access mode is required")]
      : []),
    ...modes.flatMap((mode) =>
      ACCESS_MODES.includes(mode) ? [] : [notSupported("spec.accessModes", mode, ACCESS_MODES)],
    ),
    ...(storage === undefined ? [required("spec.resources[storage]")] : []),
    ...(storage !== undefined && parseQuantity(storage) <= 0
      ? [invalidValue("spec.resources[storage]", storage, "must be greater than zero")]
      : []),
    ...checkSource(spec.dataSource),
  ];
}

function checkSource(source: unknown): Fault[] {
  if (!isJson(source)) return [];
  const { kind, name } = source;
  const isOwn = textOf(source.apiGroup) === "";
  return [
    ...(textOf(name) === "" ? [required("spec.dataSource.name")] : []),
    ...(textOf(kind) === "" ? [required("spec.dataSource.kind")] : []),
    ...(isOwn && kind !== "PersistentVolumeClaim"
      ? [
          invalidValue(
            "spec.dataSource",
            textOf(kind),
            "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
          ),
        ]
      : []),
  ];
}

const requestOf = ({ spec }: Json): number =>
  parseQuantity(textOf(jsonOf(jsonOf(jsonOf(spec).resources).requests).storage));

/** Whether a change asks for a larger volume. */
export const isGrowth = (before: Json, after: Json): boolean =>
  requestOf(after) > requestOf(before);

export function checkClaimChange(before: Json, after: Json): Fault[] {
  const status = jsonOf(before.status);
  const isBound = status.phase === "Bound";
  const fixed = (claim: Json) =>
    JSON.stringify({
      ...jsonOf(claim.spec),
      volumeName: undefined,
      resources: isBound
        ? { ...jsonOf(jsonOf(claim.spec).resources), requests: undefined }
        : jsonOf(claim.spec).resources,
    });
  const isSmaller = requestOf(after) < requestOf(before);
  // one that was asked for in vain can be taken back
  const least = parseQuantity(textOf(jsonOf(status.capacity).storage));
  return [
    ...(fixed(before) === fixed(after)
      ? []
      : [
          forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
          ),
        ]),
    ...(isSmaller && isBound && requestOf(after) <= least
      ? [forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")]
      : []),
  ];
}
