/** Who is calling: proof presented to the next service, and proof verified, of layers and callers. */

export { isRoleWish } from "./allowed-role.ts";
export { type KeyOwner, keyCaller } from "./api-keys/key-caller.ts";
export { couldBeKeyCaller, keyCallerFault } from "./api-keys/key-caller-glob.ts";
export {
  createKeyChecker,
  type GoodKey,
  type KeyChecker,
  type KeyCheckerOptions,
  type KeyVerdict,
  presentedKeyHash,
} from "./api-keys/key-checker.ts";
export {
  API_KEY_PATTERN,
  API_KEY_PREFIX_PATTERN,
  hashApiKey,
  isApiKey,
  type NewApiKey,
  newApiKey,
} from "./api-keys/key-format.ts";
export { KEY_REFUSALS, type KeyRefusal, type RefusedKeyState } from "./api-keys/key-refusals.ts";
export {
  type AllowedIdentity,
  judgeKey,
  type KeyLookup,
  RefusedKey,
  type StoredKey,
  ValidKey,
} from "./api-keys/key-state.ts";
export { type AwsLogin, type AwsLoginOptions, createAwsLogin } from "./aws-login/aws-login.ts";
export { type AwsIdentity, usernameOf } from "./aws-login/caller-identity.ts";
export { CHALLENGE_PATTERN, hashChallenge, newChallenge } from "./aws-login/login-challenge.ts";
export { AwsLoginProof } from "./aws-login/login-proof.ts";
export {
  AWS_LOGIN_REASONS,
  type AwsLoginReason,
  type AwsLoginRefusal,
  type AwsLoginResult,
} from "./aws-login/login-result.ts";
export {
  type AwsKeys,
  type SignOptions,
  signGetCallerIdentity,
} from "./aws-login/sign-identity-request.ts";
export { type Partition, STS_REGIONS, type StsRegion } from "./aws-login/sts-regions.ts";
export { callerKeys } from "./caller-keys.ts";
export { callerHeaders, callerIn, UNREADABLE } from "./caller-name.ts";
export type { CallerGuard, CallerReason } from "./caller-prover.ts";
export { type CallerSettings, callerSettings, withCallerRules } from "./caller-settings.ts";
export { callerTokens, createCallerVerifier } from "./caller-tokens.ts";
export type { ExecutionApiCall } from "./execution-api.ts";
export {
  type ExecutionApiSettings,
  executionApiSettings,
  refuseRolesAlone,
} from "./execution-api-settings.ts";
export { compileFlatGlob, matchesPieces, type Pieces, piecesOf } from "./flat-glob.ts";
export { decodeGroups, encodeGroups } from "./group-names.ts";
export { createGuard } from "./guard.ts";
export {
  CALLER_HEADER,
  CLIENT_HEADER,
  DUPLICATED,
  GROUPS_HEADER,
  IDENTITY_HEADERS,
  LAYER_HEADER,
  LAYER_SCHEME,
  singleHeader,
} from "./headers.ts";
export type { KeyLocation } from "./key-source.ts";
export { createLayerGuard, type LayerGuard } from "./layer-guard.ts";
export {
  createLayerPresenter,
  type LayerPresenter,
  refuseMissingLayerToken,
  type TokenFileSetting,
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
export { createLayerVerifier } from "./layer-tokens.ts";
export type { IdentityLog } from "./log.ts";
export { logOpenDoors, openDoors } from "./open-doors.ts";
export { ALGORITHMS, type Algorithm, isExposedUrl, listOf } from "./setting-fields.ts";
export {
  createExecutionPresenter,
  type ExecutionPresenter,
} from "./sigv4/execution-presenter.ts";
export { NoSessionError, type SessionSource } from "./sigv4/session.ts";
export {
  refuseSessionSource,
  SESSION_VARIABLES,
  type SessionSettings,
  sessionSettings,
  sessionSource,
} from "./sigv4/session-source.ts";
export type { Outgoing, Sign, Signed, Signing } from "./sigv4/signer.ts";
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
