/** The callee's side: whether a request from another service is let in, as LAYER_AUTH_MODE says. */
import { createGuard, type GuardOptions } from "./guard.ts";
import { LAYER_HEADER, singleHeader } from "./headers.ts";
import type { LayerAuthMode } from "./layer-settings.ts";
import { type AllowedLayer, layerTokens, type RefusedLayer } from "./layer-tokens.ts";
import type { TokenVerifier } from "./token-verifier.ts";
import type { Reason } from "./verify-result.ts";

export type LayerDecision =
  | (AllowedLayer & {
      /** In observe: why enforce would refuse this. */
      readonly wouldRefuse?: Reason;
    })
  | RefusedLayer;

export interface LayerGuard {
  /** Who proved itself a moment ago, found without waiting; undefined where that is not known. */
  known(rawHeaders: readonly string[]): AllowedLayer | undefined;
  /** @param rawHeaders of Node's request: only they show a header that came twice. */
  check(rawHeaders: readonly string[]): Promise<LayerDecision>;
  /** For a path that answers anybody: whether a good proof was shown. One that is not good is counted. */
  knows(rawHeaders: readonly string[]): Promise<boolean>;
  /** For /readyz: false only where nothing could be let in. */
  isReady(): boolean;
}

export interface LayerGuardOptions extends GuardOptions<Reason> {
  /** Unset means off. */
  readonly mode: LayerAuthMode | undefined;
  /** Needed unless the mode is off. */
  readonly verifier: TokenVerifier | undefined;
}

const OFF: AllowedLayer = { allow: true };

/**
 * Makes the guard that LAYER_AUTH_MODE asks for. off believes neither header and asks nobody;
 * observe lets everybody in and tells what enforce would refuse; enforce refuses.
 *
 * @throws TypeError without a verifier, unless the mode is off.
 */
export function createLayerGuard(options: LayerGuardOptions): LayerGuard {
  const { mode = "off", verifier } = options;
  if (mode === "off") {
    return {
      known: () => OFF,
      check: async () => OFF,
      knows: async () => false,
      isReady: () => true,
    };
  }
  if (verifier === undefined) throw new TypeError(`LAYER_AUTH_MODE=${mode} needs a verifier`);
  const guard = createGuard(layerTokens(verifier, mode), options);
  const knows = async (rawHeaders: readonly string[]) => {
    // who shows nothing where nothing is asked is no caller that is refused
    if (singleHeader(rawHeaders, LAYER_HEADER) === undefined) return false;
    return (guard.known(rawHeaders) ?? (await guard.check(rawHeaders))).allow;
  };
  if (mode === "enforce") return { ...guard, knows };
  return {
    ...guard,
    knows,
    async check(rawHeaders) {
      const decision = await guard.check(rawHeaders);
      return decision.allow ? decision : { allow: true, wouldRefuse: decision.reason };
    },
    isReady: () => true,
  };
}
