/** Who is calling: proof presented to the next service, and proof verified, of layers and callers. */
export {
  type CallerDecision,
  type CallerGuard,
  type CallerGuardOptions,
  createCallerGuard,
  createCallerVerifier,
} from "./caller-guard.ts";
export { decodeCallerName, encodeCallerName } from "./caller-name.ts";
export { type CallerSettings, callerSettings, withCallerRules } from "./caller-settings.ts";
export { CALLER_HEADER, IDENTITY_HEADERS, LAYER_HEADER } from "./headers.ts";
export type { KeyLocation } from "./key-source.ts";
export {
  createLayerGuard,
  createLayerVerifier,
  type LayerDecision,
  type LayerGuard,
  type LayerGuardOptions,
} from "./layer-guard.ts";
export {
  createLayerPresenter,
  type LayerPresenter,
  refuseMissingLayerToken,
} from "./layer-presenter.ts";
export {
  type LayerAuthMode,
  type LayerPresentSettings,
  type LayerVerifySettings,
  layerPresentSettings,
  layerVerifySettings,
  withLayerPresentRules,
  withLayerVerifyRules,
} from "./layer-settings.ts";
export type { IdentityLog } from "./log.ts";
export { openDoors } from "./open-doors.ts";
export { ALGORITHMS, type Algorithm } from "./setting-fields.ts";
export { TokenFileError } from "./token-file.ts";
export {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "./token-verifier.ts";
export {
  type Principal,
  REASONS,
  type Reason,
  type Refusal,
  type RefusalCode,
  type VerifyResult,
} from "./verify-result.ts";
