/** What the API answers instead of what it was asked for: a `Status`, in the words of a real server. */
import { groupOf, type KindName } from "./kind-names.ts";
import type { Json } from "./objects.ts";

export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Json | undefined;

  constructor(code: number, reason: string, message: string, details?: Json) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  get status(): object {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason !== "" && { reason: this.reason }),
      ...(this.details !== undefined && { details: this.details }),
      code: this.code,
    };
  }
}

/** A member that is not as it should be. */
export interface Fault {
  readonly field: string;
  readonly reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueForbidden"
    | "FieldValueNotSupported"
    | "FieldValueDuplicate"
    | "FieldValueTooLong";
  readonly message: string;
}

/** With the group, where that is not the core one. @param kind as in paths, or as in objects. */
const grouped = (kind: string): string => [kind, groupOf(kind)].filter(Boolean).join(".");

const subjectOf = (kind: string, name: string): Json => {
  const group = groupOf(kind);
  return { name, ...(group !== "" && { group }), kind };
};

export const notFound = (kind: string, name: string): Refusal =>
  new Refusal(404, "NotFound", `${grouped(kind)} "${name}" not found`, subjectOf(kind, name));

export const noSuchPath = (): Refusal =>
  new Refusal(404, "NotFound", "the server could not find the requested resource", {});

export const noSuchMethod = (): Refusal =>
  new Refusal(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );

export const alreadyExists = (kind: KindName, name: string, isBeingDeleted: boolean): Refusal =>
  new Refusal(
    409,
    "AlreadyExists",
    `${isBeingDeleted ? "object is being deleted: " : ""}${grouped(kind)} "${name}" already exists`,
    subjectOf(kind, name),
  );

export const conflict = (kind: string, name: string, words: string): Refusal =>
  new Refusal(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${grouped(kind)} "${name}": ${words}`,
    subjectOf(kind, name),
  );

export const badRequest = (words: string): Refusal => new Refusal(400, "BadRequest", words);

export function invalid(kind: string, name: string, faults: readonly Fault[]): Refusal {
  const said = faults.map(({ field, message }) => `${field}: ${message}`);
  const words = said.length === 1 ? said[0] : `[${said.join(", ")}]`;
  const causes = faults.map(({ field, reason, message }) => ({ reason, message, field }));
  const { name: _name, ...subject } = subjectOf(kind, name);
  return new Refusal(422, "Invalid", `${grouped(kind)} "${name}" is invalid: ${words}`, {
    ...(name !== "" && { name }),
    ...subject,
    causes,
  });
}

export const unsupportedMediaType = (): Refusal =>
  new Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});

export const unauthorized = (): Refusal => new Refusal(401, "Unauthorized", "Unauthorized");

/** As RBAC says it. */
export const powerless = (verb: string, kind: KindName, place: string | undefined): Refusal =>
  new Refusal(
    403,
    "Forbidden",
    `${grouped(kind)} is forbidden: User "powerless" cannot ${verb} resource "${kind}" in API group "${groupOf(kind)}" ${place === undefined ? "at the cluster scope" : `in the namespace "${place}"`}`,
    { ...(groupOf(kind) !== "" && { group: groupOf(kind) }), kind },
  );

/** As what looks at an object before it is stored says it. */
export const forbiddenFor = (kind: KindName, name: string, words: string): Refusal =>
  new Refusal(
    403,
    "Forbidden",
    `${grouped(kind)} "${name}" is forbidden: ${words}`,
    subjectOf(kind, name),
  );

export const expired = (words: string): Refusal => new Refusal(410, "Expired", words);

export const namespaceTerminating = (kind: KindName, name: string, namespace: string): Refusal =>
  new Refusal(
    403,
    "Forbidden",
    `${grouped(kind)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      name,
      kind,
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    },
  );
