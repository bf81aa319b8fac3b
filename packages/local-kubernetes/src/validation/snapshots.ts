/** What VolumeSnapshots, their contents and classes may be: the schemas and rules of external-snapshotter's definitions. */
import { isJson, type Json, jsonOf, textOf } from "../objects.ts";
import type { Fault } from "../refusal.ts";
import { invalidValue, notSupported, required } from "./names.ts";

const POLICIES = ["Delete", "Retain"];

/** What the status says is written there alone. */
export const withoutStatus = ({ status: _status, ...object }: Json): Json => object;

export function checkSnapshot(snapshot: Json): Fault[] {
  if (!isJson(snapshot.spec)) return [required("spec")];
  const { source, volumeSnapshotClassName: className } = snapshot.spec;
  if (!isJson(source)) return [required("spec.source")];
  const { persistentVolumeClaimName: claim, volumeSnapshotContentName: content } = source;
  return [
    ...textFaults("spec.source.persistentVolumeClaimName", claim),
    ...textFaults("spec.source.volumeSnapshotContentName", content),
    ...textFaults("spec.volumeSnapshotClassName", className),
    ...((claim === undefined) === (content === undefined)
      ? [
          rule(
            "spec.source",
            "object",
            "exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set",
          ),
        ]
      : []),
    ...(className === ""
      ? [
          rule(
            "spec.volumeSnapshotClassName",
            "string",
            "volumeSnapshotClassName must not be the empty string when set",
          ),
        ]
      : []),
  ];
}

export function checkSnapshotChange(before: Json, after: Json): Fault[] {
  const sourceOf = (snapshot: Json) => jsonOf(jsonOf(snapshot.spec).source);
  return ["persistentVolumeClaimName", "volumeSnapshotContentName"].flatMap((member) => {
    const [was, is] = [sourceOf(before)[member], sourceOf(after)[member]];
    if (was === undefined || was === is) return [];
    return is === undefined
      ? [rule("spec.source", "object", `${member} is required once set`)]
      : [rule(`spec.source.${member}`, "string", `${member} is immutable`)];
  });
}

export function checkContent(content: Json): Fault[] {
  if (!isJson(content.spec)) return [required("spec")];
  const { deletionPolicy, driver, source, volumeSnapshotRef } = content.spec;
  const { name, namespace } = jsonOf(volumeSnapshotRef);
  const { snapshotHandle, volumeHandle } = jsonOf(source);
  return [
    ...policyFaults("spec.deletionPolicy", deletionPolicy),
    ...(driver === undefined ? [required("spec.driver")] : textFaults("spec.driver", driver)),
    ...(source === undefined ? [required("spec.source")] : []),
    ...(isJson(source) && (snapshotHandle === undefined) === (volumeHandle === undefined)
      ? [
          rule(
            "spec.source",
            "object",
            "exactly one of volumeHandle and snapshotHandle must be set",
          ),
        ]
      : []),
    ...(volumeSnapshotRef === undefined ? [required("spec.volumeSnapshotRef")] : []),
    ...(isJson(volumeSnapshotRef) && (!textOf(name) || !textOf(namespace))
      ? [
          rule(
            "spec.volumeSnapshotRef",
            "object",
            "both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set",
          ),
        ]
      : []),
  ];
}

export const checkClass = ({ deletionPolicy, driver }: Json): Fault[] => [
  ...policyFaults("deletionPolicy", deletionPolicy),
  ...(driver === undefined ? [required("driver")] : textFaults("driver", driver)),
];

function policyFaults(field: string, policy: unknown): Fault[] {
  if (policy === undefined) return [required(field)];
  return POLICIES.includes(textOf(policy)) ? [] : [notSupported(field, String(policy), POLICIES)];
}

/** A rule of a schema names the type of what breaks it, not its value. */
const rule = (field: string, type: string, words: string): Fault =>
  invalidValue(field, type, words);

function textFaults(field: string, value: unknown): Fault[] {
  if (value === undefined || typeof value === "string") return [];
  const type = Array.isArray(value)
    ? "array"
    : typeof value === "number"
      ? "integer"
      : typeof value;
  return [rule(field, type, `${field} in body must be of type string: "${type}"`)];
}
