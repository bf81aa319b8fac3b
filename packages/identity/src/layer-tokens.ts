/** The prover of the inner door: which service is calling, by its token, and for which end caller. */
import { callerIn, UNREADABLE } from "./caller-name.ts";
import { decodeGroups } from "./group-names.ts";
import type { Allowed, Prover, Refused } from "./guard.ts";
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

export interface AllowedLayer extends Allowed {
  /** The end caller, only beside a verified proof. */
  readonly caller?: string;
  /** The end caller's groups, only beside the caller; undefined when there are none. */
  readonly groups?: readonly string[];
  readonly principal?: Principal;
  /** The end client's address as it was sent, only beside a verified proof. */
  readonly client?: string;
}

export interface RefusedLayer extends Refused<RefusalCode, Reason> {
  /** For the log: whom a good proof of somebody else names. */
  readonly subject?: string;
}

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
      return found && speaksFor(found, rawHeaders);
    },
    async prove(rawHeaders) {
      const proof = singleHeader(rawHeaders, LAYER_HEADER);
      if (proof === DUPLICATED) return refused(refusal("duplicated"));
      const result = await verifier.verify(proof);
      if (!result.ok) return refused(result);
      return speaksFor(result.principal, rawHeaders) ?? refused(refusal("caller_header"));
    },
    lineOf: ({ subject }) => ({
      level: "warn",
      message,
      fields: { mode, ...(subject && { subject }) },
    }),
    isReady: () => verifier.isReady(),
  };
}

/** Undefined where it says for whom, and that cannot be read. */
function speaksFor(principal: Principal, rawHeaders: readonly string[]): AllowedLayer | undefined {
  const sent = singleHeader(rawHeaders, CLIENT_HEADER);
  const client = typeof sent === "string" ? { client: sent } : {};
  const caller = callerIn(rawHeaders);
  if (caller === undefined) return { allow: true, ...client, principal };
  const listed = singleHeader(rawHeaders, GROUPS_HEADER);
  const groups = typeof listed === "string" ? decodeGroups(listed) : undefined;
  const isUnread = listed !== undefined && groups === undefined;
  if (caller === UNREADABLE || isUnread) return undefined;
  return { allow: true, caller, ...(groups && { groups }), ...client, principal };
}

const refused = ({ status, reason, subject }: Refusal): RefusedLayer => ({
  allow: false,
  status,
  code: refusalCode(status),
  reason,
  headers: HEADERS[status],
  ...(subject && { subject }),
});

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
