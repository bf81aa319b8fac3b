/** What Prometheus learns of the layer's proofs: how each check ended, how old the keys are. */
import type { Metrics } from "@airlock/http";
import type { LayerGuardOptions, TokenVerifier } from "@airlock/identity";
import { Counter, Gauge } from "prom-client";

export function layerMetrics(
  registry: Metrics["registry"],
  verifier: TokenVerifier | undefined,
): NonNullable<LayerGuardOptions["observe"]> {
  const registers = [registry];
  const checks = new Counter({
    name: "layer_auth_checks_total",
    help: "Checks of the calling service by outcome (verified, or the reason); observe counts too.",
    labelNames: ["outcome"],
    registers,
  });
  if (verifier) {
    new Gauge({
      name: "layer_auth_keys_age_seconds",
      help: "Seconds since the issuer's keys were last read; they serve for an hour.",
      registers,
      collect() {
        const age = verifier.keysAgeSeconds();
        if (age !== undefined) this.set(age);
      },
    });
  }
  return (outcome) => checks.labels(outcome).inc();
}
