/** The prover of the inner door: which service is calling, by its token, and for which end caller. */
import type { ExecutionApiSettings } from "./execution-api-settings.ts";
import type { Prover } from "./guard.ts";
import { DUPLICATED, LAYER_HEADER, singleHeader } from "./headers.ts";
import { keyLocation } from "./key-settings.ts";
import { type AllowedLayer, type RefusedLayer, refused, speaksFor } from "./layer-proof.ts";
import type { LayerAuthMode, LayerVerifySettings } from "./layer-settings.ts";
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "./token-verifier.ts";
import { type Principal, refusal } from "./verify-result.ts";

/** @param mode for the log: whether what is refused here is refused at all. */
export function layerTokens(
  verifier: TokenVerifier,
  mode: Exclude<LayerAuthMode, "off">,
): Prover<AllowedLayer, RefusedLayer> {
  const message = mode === "enforce" ? "layer proof refused" : "layer proof would be refused";
  return {
    known(rawHeaders) {
      const proof = singleHeader(rawHeaders, LAYER_HEADER);
      const found = typeof proof === "string" ? verifier.known(proof) : undefined;
      return found && speaksAs(found, rawHeaders);
    },
    async prove(rawHeaders) {
      const proof = singleHeader(rawHeaders, LAYER_HEADER);
      if (proof === DUPLICATED) return refused(refusal("duplicated"));
      const result = await verifier.verify(proof);
      if (!result.ok) return refused(result);
      return speaksAs(result.principal, rawHeaders) ?? refused(refusal("caller_header"));
    },
    lineOf: ({ subject }) => ({
      level: "warn",
      message,
      fields: { mode, ...(subject && { subject }) },
    }),
    isReady: () => verifier.isReady(),
  };
}

function speaksAs(principal: Principal, rawHeaders: readonly string[]): AllowedLayer | undefined {
  const speaker = speaksFor(rawHeaders);
  return speaker && { ...speaker, principal };
}

/** The verifier that the settings ask for; undefined when the mode is off, or no token is accepted. */
export function createLayerVerifier(
  settings: LayerVerifySettings & Partial<ExecutionApiSettings>,
  deps: Pick<TokenVerifierOptions, "log" | "now" | "fetch">,
): TokenVerifier | undefined {
  const {
    LAYER_AUTH_MODE: mode = "off",
    LAYER_AUTH_ISSUER: issuer,
    LAYER_AUTH_AUDIENCE: audience,
    LAYER_AUTH_SUBJECTS: subjects,
  } = settings;
  const { LAYER_AUTH_ACCEPTS: accepts = ["service-account"] } = settings;
  if (mode === "off" || !accepts.includes("service-account")) return undefined;
  if (!issuer || !audience || !subjects) {
    throw new TypeError(`LAYER_AUTH_MODE=${mode} needs an issuer, an audience and subjects`);
  }
  return createTokenVerifier({
    ...deps,
    issuer,
    audience,
    subjects,
    jwks: keyLocation(settings, "LAYER_AUTH"),
    exclusiveAudience: true,
  });
}
