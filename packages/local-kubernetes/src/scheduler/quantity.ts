/** Quantities as Kubernetes writes them: `2`, `500m`, `16Gi`, `1e3`. */

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const FORM = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** NaN for what is none. */
export function parseQuantity(text: string): number {
  const [, digits, exponent, suffix = ""] = FORM.exec(text) ?? [];
  if (digits === undefined) return Number.NaN;
  return Number(digits + (exponent ?? "")) * (SUFFIXES[suffix] ?? Number.NaN);
}

/** A number of bytes as a server writes it down: with the largest binary suffix that leaves it whole. */
export function formatBytes(bytes: number): string {
  const fits = ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"].find(
    (suffix) => bytes > 0 && bytes % (SUFFIXES[suffix] ?? 1) === 0,
  );
  return fits === undefined ? String(bytes) : `${bytes / (SUFFIXES[fits] ?? 1)}${fits}`;
}

export const isQuantity = (value: unknown): boolean =>
  typeof value === "number" || (typeof value === "string" && FORM.test(value));
