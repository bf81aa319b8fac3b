/** The callee's side: whether a request from another service is let in, as LAYER_AUTH_MODE says. */
import { type ExecutionApiCall, executionApi } from "./execution-api.ts";
import { createGuard, type GuardOptions, type Prover } from "./guard.ts";
import { LAYER_HEADER, singleHeader } from "./headers.ts";
import type { AllowedLayer, RefusedLayer } from "./layer-proof.ts";
import type { LayerAuthMode } from "./layer-settings.ts";
import { layerTokens } from "./layer-tokens.ts";
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
  known(rawHeaders: readonly string[], via?: ExecutionApiCall): AllowedLayer | undefined;
  /**
   * @param rawHeaders of Node's request: only they show a header that came twice.
   * @param via what the execution API has told of the request, where it came through that.
   */
  check(rawHeaders: readonly string[], via?: ExecutionApiCall): Promise<LayerDecision>;
  /** For a path that answers anybody: whether a good proof was shown. One that is not good is counted. */
  knows(rawHeaders: readonly string[], via?: ExecutionApiCall): Promise<boolean>;
  /** For /readyz: false only where nothing could be let in. */
  isReady(): boolean;
}

export interface LayerGuardOptions extends GuardOptions<Reason> {
  /** Unset means off. */
  readonly mode: LayerAuthMode | undefined;
  /** Of tokens. It or `roles` is needed unless the mode is off. */
  readonly verifier?: TokenVerifier | undefined;
  /** ARNs of the roles that may call through the execution API; undefined where nobody may. */
  readonly roles?: readonly string[] | undefined;
}

const OFF: AllowedLayer = { allow: true };

/**
 * Makes the guard that LAYER_AUTH_MODE asks for. off believes neither header and asks nobody;
 * observe lets everybody in and tells what enforce would refuse; enforce refuses.
 *
 * Who has come through the execution API is judged by the role that it names; without one, and everywhere
 * else, by the token.
 *
 * @throws TypeError with neither a verifier nor roles, unless the mode is off.
 */
export function createLayerGuard(options: LayerGuardOptions): LayerGuard {
  const { mode = "off", verifier, roles } = options;
  if (mode === "off") {
    return {
      known: () => OFF,
      check: async () => OFF,
      knows: async () => false,
      isReady: () => true,
    };
  }
  const byToken = verifier && layerTokens(verifier, mode);
  const byRole = roles && executionApi(roles, mode);
  const guard = createGuard(eitherOf(byToken, byRole, mode), options);
  const knows: LayerGuard["knows"] = async (rawHeaders, via) => {
    // who shows nothing where nothing is asked is no caller that is refused
    if (singleHeader(rawHeaders, LAYER_HEADER) === undefined && !via?.userArn) return false;
    return (guard.known(rawHeaders, via) ?? (await guard.check(rawHeaders, via))).allow;
  };
  if (mode === "enforce") return { ...guard, knows };
  return {
    ...guard,
    knows,
    async check(rawHeaders, via) {
      const decision = await guard.check(rawHeaders, via);
      return decision.allow ? decision : { allow: true, wouldRefuse: decision.reason };
    },
    isReady: () => true,
  };
}

type LayerProver = Prover<AllowedLayer, RefusedLayer, ExecutionApiCall>;

function eitherOf(
  byToken: Prover<AllowedLayer, RefusedLayer> | undefined,
  byRole: LayerProver | undefined,
  mode: LayerAuthMode,
): LayerProver {
  const only = byToken ?? byRole;
  if (!only) throw new TypeError(`LAYER_AUTH_MODE=${mode} needs a verifier or roles`);
  const proverOf = (via: ExecutionApiCall | undefined): LayerProver =>
    (via?.userArn === undefined ? undefined : byRole) ?? only;
  return {
    known: (rawHeaders, via) => proverOf(via).known(rawHeaders, via),
    prove: (rawHeaders, via) => proverOf(via).prove(rawHeaders, via),
    lineOf: (refused) => only.lineOf(refused),
    isReady: () => only.isReady(),
  };
}
