/** The callee's side: whether a request from another service is let in, and for which end caller. */
import { callerIn, UNREADABLE } from "./caller-name.ts";
import { decodeGroups } from "./group-names.ts";
import {
  CLIENT_HEADER,
  DUPLICATED,
  GROUPS_HEADER,
  LAYER_HEADER,
  LAYER_SCHEME,
  singleHeader,
} from "./headers.ts";
import { keyLocation } from "./key-settings.ts";
import type { LayerAuthMode, LayerVerifySettings } from "./layer-settings.ts";
import type { IdentityLog } from "./log.ts";
import { tellOutcomes } from "./outcomes.ts";
import {
  createTokenVerifier,
  type TokenVerifier,
  type TokenVerifierOptions,
} from "./token-verifier.ts";
import {
  type Principal,
  type Reason,
  type Refusal,
  type RefusalCode,
  refusal,
  refusalCode,
} from "./verify-result.ts";

export type LayerDecision =
  | {
      readonly allow: true;
      /** The end caller, only beside a verified proof. */
      readonly caller?: string;
      /** The end caller's groups, only beside the caller; undefined when there are none. */
      readonly groups?: readonly string[];
      readonly principal?: Principal;
      /** The end client's address as it was sent, only beside a verified proof. */
      readonly client?: string;
      /** In observe: why enforce would refuse this. */
      readonly wouldRefuse?: Reason;
    }
  | {
      readonly allow: false;
      readonly status: Refusal["status"];
      readonly code: RefusalCode;
      /** For the log, not for the client. */
      readonly reason: Reason;
      readonly headers: Readonly<Record<string, string>>;
    };

export interface LayerGuard {
  /** @param rawHeaders of Node's request: only they show a header that came twice. */
  check(rawHeaders: readonly string[]): Promise<LayerDecision>;
  /** For a path that answers anybody: whether a good proof was shown. One that is not good is counted. */
  knows(rawHeaders: readonly string[]): Promise<boolean>;
  /** For /readyz: false only where nothing could be let in. */
  isReady(): boolean;
}

export interface LayerGuardOptions {
  /** Unset means off. */
  readonly mode: LayerAuthMode | undefined;
  /** Needed unless the mode is off. */
  readonly verifier: TokenVerifier | undefined;
  readonly log: IdentityLog;
  /** Counts each checked request; the reasons are a closed list and may be labels. */
  readonly observe?: (outcome: "verified" | Reason) => void;
  readonly now?: () => Date;
}

const OFF: LayerDecision = { allow: true };

/**
 * Makes the guard that LAYER_AUTH_MODE asks for. off believes neither header and asks nobody;
 * observe lets everybody in and tells what enforce would refuse; enforce refuses.
 *
 * @throws TypeError without a verifier, unless the mode is off.
 */
export function createLayerGuard(options: LayerGuardOptions): LayerGuard {
  const { mode = "off", verifier } = options;
  if (mode === "off") {
    return { check: async () => OFF, knows: async () => false, isReady: () => true };
  }
  if (verifier === undefined) throw new TypeError(`LAYER_AUTH_MODE=${mode} needs a verifier`);
  const outcomes = tellOutcomes(options);
  const isEnforced = mode === "enforce";

  const refuse = (refused: Refusal): LayerDecision => {
    const { status, reason, subject } = refused;
    const message = isEnforced ? "layer proof refused" : "layer proof would be refused";
    const fields = { mode, ...(subject && { subject }) };
    outcomes.refused(reason, { level: "warn", message, fields });
    if (!isEnforced) return { allow: true, wouldRefuse: reason };
    return { allow: false, status, code: refusalCode(status), reason, headers: HEADERS[status] };
  };

  const guard: LayerGuard = {
    async check(rawHeaders) {
      const proof = singleHeader(rawHeaders, LAYER_HEADER);
      if (proof === DUPLICATED) return refuse(refusal("duplicated"));
      const result = await verifier.verify(proof);
      if (!result.ok) return refuse(result);
      const { principal } = result;
      const sent = singleHeader(rawHeaders, CLIENT_HEADER);
      const client = typeof sent === "string" ? { client: sent } : {};
      const caller = callerIn(rawHeaders);
      if (caller === undefined) {
        outcomes.verified();
        return { allow: true, ...client, principal };
      }
      const listed = singleHeader(rawHeaders, GROUPS_HEADER);
      const groups = typeof listed === "string" ? decodeGroups(listed) : undefined;
      const isUnread = listed !== undefined && groups === undefined;
      if (caller === UNREADABLE || isUnread) return refuse(refusal("caller_header"));
      outcomes.verified();
      return { allow: true, caller, ...(groups && { groups }), ...client, principal };
    },
    async knows(rawHeaders) {
      // who shows nothing where nothing is asked is no caller that is refused
      if (singleHeader(rawHeaders, LAYER_HEADER) === undefined) return false;
      const decision = await guard.check(rawHeaders);
      return decision.allow && decision.principal !== undefined;
    },
    isReady: () => !isEnforced || verifier.isReady(),
  };
  return guard;
}

/**
 * A refusal names a scheme (RFC 9110 §11.6.1), which tells nothing that the header's name does not,
 * and tells the calling service that it is meant, not the caller whose request it passes on.
 */
const HEADERS: Readonly<Record<Refusal["status"], Readonly<Record<string, string>>>> = {
  401: { "www-authenticate": LAYER_SCHEME },
  403: { "www-authenticate": LAYER_SCHEME },
  503: { "retry-after": "1" },
};

/** The verifier that the settings ask for; undefined when the mode is off. */
export function createLayerVerifier(
  settings: LayerVerifySettings,
  deps: Pick<TokenVerifierOptions, "log" | "now" | "fetch">,
): TokenVerifier | undefined {
  const {
    LAYER_AUTH_MODE: mode = "off",
    LAYER_AUTH_ISSUER: issuer,
    LAYER_AUTH_AUDIENCE: audience,
    LAYER_AUTH_SUBJECTS: subjects,
  } = settings;
  if (mode === "off") return undefined;
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
