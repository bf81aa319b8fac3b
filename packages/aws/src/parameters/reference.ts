/** What SSM calls a parameter by: its name alone, or with a version or a label. */
import type { ParameterName } from "@airlock/contract";

export interface Reference {
  readonly name: ParameterName;
  /** As GetParameters takes it: `name`, `name:3` or `name:label`. */
  readonly text: string;
}

export interface Selection {
  readonly version?: number | undefined;
  readonly label?: string | undefined;
}

export function referenceTo(name: ParameterName, { version, label }: Selection = {}): Reference {
  const selector = version ?? label;
  return { name, text: selector === undefined ? name : `${name}:${selector}` };
}

/** The other way round; an ARN has colons, but none after its last slash. */
export function referenceFrom(text: string): Reference {
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  return { name: (colon < 0 ? text : text.slice(0, colon)) as ParameterName, text };
}
