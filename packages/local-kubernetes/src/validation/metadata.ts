/** What metadata may be. */
import { type Json, jsonOf, listOf, textOf } from "../objects.ts";
import type { Fault } from "../refusal.ts";
import {
  checkGrammar,
  checkLabels,
  checkQualifiedName,
  type Grammar,
  invalidValue,
  required,
} from "./names.ts";

const ANNOTATION_BYTES = 256 * 1024;

export function checkMetadata(metadata: Json, names: Grammar): Fault[] {
  const name = textOf(metadata.name);
  return [
    ...(name === ""
      ? [required("metadata.name", "name or generateName is required")]
      : checkGrammar("metadata.name", name, names)),
    ...checkLabels("metadata.labels", textsOf(metadata.labels)),
    ...checkAnnotations(textsOf(metadata.annotations)),
    ...listOf(metadata.ownerReferences).flatMap((owner, index) =>
      ["apiVersion", "kind", "name", "uid"].flatMap((member) =>
        textOf(jsonOf(owner)[member]) === ""
          ? [
              invalidValue(
                `metadata.ownerReferences[${index}].${member}`,
                "",
                `${member} must not be empty`,
              ),
            ]
          : [],
      ),
    ),
    ...listOf(metadata.finalizers).flatMap((one) =>
      checkQualifiedName("metadata.finalizers", textOf(one)),
    ),
  ];
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): Fault[] {
  const field = "metadata.annotations";
  let sizeBytes = 0;
  const faults = Object.entries(annotations).flatMap(([key, value]) => {
    sizeBytes += key.length + Buffer.byteLength(value);
    // keys are compared in lower case
    return checkQualifiedName(field, key.toLowerCase());
  });
  if (sizeBytes <= ANNOTATION_BYTES) return faults;
  const message = `Too long: must have at most ${ANNOTATION_BYTES} bytes`;
  return [...faults, { field, reason: "FieldValueTooLong", message }];
}

export const textsOf = (value: unknown): Readonly<Record<string, string>> =>
  jsonOf(value) as Readonly<Record<string, string>>;
