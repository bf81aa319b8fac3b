/** Quantities as Kubernetes writes them: `2`, `500m`, `16Gi`, `1e3`. */

const FACTORS: Readonly<Record<string, number>> = {
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

const FORM = /^(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** 0 for what is none: what a node does not say it has, it has not. */
export function amountOf(quantity: string | undefined): number {
  const [, digits, exponent = "", suffix = ""] = FORM.exec(quantity ?? "") ?? [];
  return digits === undefined ? 0 : Number(digits + exponent) * (FACTORS[suffix] ?? 0);
}

export const millisOf = (quantity: string | undefined): number =>
  Math.floor(amountOf(quantity) * 1000);

export const mebibytesOf = (quantity: string | undefined): number =>
  Math.floor(amountOf(quantity) / 2 ** 20);
