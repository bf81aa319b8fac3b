/** Reads values of unknown JSON without believing in them: what is missing or of another type is empty. */

export type Raw = Readonly<Record<string, unknown>>;

export const rawOf = (value: unknown): Raw =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : {};

export const listOf = (value: unknown): readonly Raw[] =>
  Array.isArray(value) ? value.map(rawOf) : [];

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

export const numberOf = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : 0;

export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

/** The members that are text, and quantities that somebody wrote as numbers. */
export function textMapOf(value: unknown): Record<string, string> {
  const entries = Object.entries(rawOf(value)).flatMap(([key, one]) =>
    typeof one === "string" || typeof one === "number" ? [[key, String(one)]] : [],
  );
  return Object.fromEntries(entries);
}

/** The member by this name if it is there and a text that is not empty, for members that may be missing. */
export function optional<Name extends string>(
  name: Name,
  value: unknown,
): { readonly [name in Name]?: string } {
  const text = textOf(value);
  return text === "" ? {} : ({ [name]: text } as { readonly [name in Name]?: string });
}
