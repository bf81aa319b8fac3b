/** What a Kubernetes object is here, and how sentences name it. */

/** A parsed YAML mapping. */
export type Mapping = Record<string, unknown>;

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One object as it stands in a manifest; the schema check comes before anything relies on its fields. */
export interface K8sObject extends Mapping {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws Error when `value` lacks apiVersion, kind or metadata.name. */
export function asObject(value: unknown, where: string): K8sObject {
  if (
    isMapping(value) &&
    typeof value.apiVersion === "string" &&
    typeof value.kind === "string" &&
    isMapping(value.metadata) &&
    typeof value.metadata.name === "string"
  ) {
    return value as K8sObject;
  }
  throw new Error(`${where}: every document needs apiVersion, kind and metadata.name`);
}

/** `Deployment gateway/gateway`, or `Namespace gateway` for what has no namespace. */
export function nameOf({ kind, metadata }: K8sObject): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name}`;
}

/** The API group: `apps` of `apps/v1`, empty for the core. */
export const groupOf = ({ apiVersion }: K8sObject): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** What two objects may not have in common within one cluster. */
export const identityOf = (object: K8sObject): string => `${groupOf(object)} ${nameOf(object)}`;
