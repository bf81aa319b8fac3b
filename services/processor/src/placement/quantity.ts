/** Quantities as Kubernetes writes them: `2`, `500m`, `16Gi`, `1e3`. */

/** Powers of ten. */
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/** Powers of two. */
const BINARY: Readonly<Record<string, number>> = {
  Ki: 10,
  Mi: 20,
  Gi: 30,
  Ti: 40,
  Pi: 50,
  Ei: 60,
};

const FORM = /^(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/**
 * 0 for what is none: what a node does not say it has, it has not.
 *
 * @param tens the power of ten it is multiplied by; in its digits, for a product of fractions is a little off.
 */
export function amountOf(quantity: string | undefined, tens = 0): number {
  const [, digits, exponent = "0", suffix = ""] = FORM.exec(quantity ?? "") ?? [];
  if (digits === undefined) return 0;
  const power = Number(exponent) + (DECIMAL[suffix] ?? 0) + tens;
  return Number(`${digits}e${power}`) * 2 ** (BINARY[suffix] ?? 0);
}

export const millisOf = (quantity: string | undefined): number => Math.floor(amountOf(quantity, 3));

export const mebibytesOf = (quantity: string | undefined): number =>
  Math.floor(amountOf(quantity) / 2 ** 20);
