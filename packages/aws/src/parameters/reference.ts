/** What SSM calls a parameter by: its name alone, or with a version or a label. */

export interface Reference {
  readonly name: string;
  /** As GetParameters takes it: `name`, `name:3` or `name:label`. */
  readonly text: string;
}

export interface Selection {
  readonly version?: number | undefined;
  readonly label?: string | undefined;
}

export function referenceTo(name: string, { version, label }: Selection = {}): Reference {
  const selector = version ?? label;
  return { name, text: selector === undefined ? name : `${name}:${selector}` };
}

/** The other way round; no name holds a colon. */
export function referenceFrom(text: string): Reference {
  const [name = text] = text.split(":", 1);
  return { name, text };
}
