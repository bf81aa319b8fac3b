/** How old the keys are by which proofs are checked: what shows that an issuer is away before they end. */
import { Gauge, type Registry } from "prom-client";

/** What checks proofs by an issuer's keys. */
export interface Keys {
  /** Infinity before they were read for the first time; undefined where there are none. */
  keysAgeSeconds(): number | undefined;
}

/** @param keys undefined where no proof is checked: then there is nothing to show. */
export function showKeysAge(
  registry: Registry,
  keys: Keys | undefined,
  about: { readonly name: string; readonly help: string },
): void {
  if (!keys) return;
  new Gauge({
    ...about,
    registers: [registry],
    collect() {
      const age = keys.keysAgeSeconds();
      if (age !== undefined) this.set(age);
    },
  });
}
