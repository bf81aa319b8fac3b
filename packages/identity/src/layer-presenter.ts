/** The caller's side: the headers that prove to the next service which service is calling. */
import type { Environment } from "@airlock/config";
import { callerHeaders } from "./caller-name.ts";
import { encodeGroups } from "./group-names.ts";
import { CLIENT_HEADER, GROUPS_HEADER, LAYER_HEADER } from "./headers.ts";
import { type LayerPresentSettings, layerPresentSettings } from "./layer-settings.ts";
import type { IdentityLog } from "./log.ts";
import type { Signing } from "./sigv4/signer.ts";
import { openTokenFile, readTokenFile, TokenFileError } from "./token-file.ts";

export interface LayerPresenter {
  /**
   * Headers to add to a call, from memory. They replace whatever a client sent under these names.
   *
   * @param callerName the end caller, verified at the outer door; undefined when nobody asked.
   * @param groups the caller's, verified with the name.
   * @param clientAddress where the call comes from, for logs and limits; undefined for a call of our own.
   */
  headers(
    callerName?: string,
    groups?: readonly string[],
    clientAddress?: string,
  ): Record<string, string>;
  /** Each call is signed, and AWS may refuse it; undefined where nothing is. */
  readonly signing?: Signing | undefined;
  /** Looks at the token file now rather than within a second. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * Makes the presenter that LAYER_AUTH asks for; unset and `none` send nothing, the caller's name
 * included, for nobody would believe it.
 *
 * @throws TokenFileError when service-account is chosen and there is no token.
 */
export function createLayerPresenter(
  settings: LayerPresentSettings,
  log: IdentityLog,
): LayerPresenter {
  if (settings.LAYER_AUTH !== "service-account") {
    return { headers: () => ({}), refresh: async () => {}, close() {} };
  }
  const file = openTokenFile(settings.LAYER_TOKEN_FILE, log);
  return {
    headers(callerName, groups, clientAddress) {
      const proof = { [LAYER_HEADER]: file.current() };
      return withCaller(proof, callerName, groups, clientAddress);
    },
    refresh: file.refresh,
    close: file.close,
  };
}

/** The proof of who calls, and beside it for whom. */
export function withCaller(
  proof: Record<string, string>,
  callerName?: string,
  groups?: readonly string[],
  clientAddress?: string,
): Record<string, string> {
  if (clientAddress !== undefined) proof[CLIENT_HEADER] = clientAddress;
  if (!callerName) return proof;
  const named = callerHeaders(callerName);
  // a call without its caller's name would be somebody else's
  if (!named) throw new RangeError("a caller's name that no header can hold was let in");
  const listed = groups && encodeGroups(groups);
  return { ...proof, ...named, ...(listed && { [GROUPS_HEADER]: listed }) };
}

/** A setting that names a token file. */
export interface TokenFileSetting {
  readonly name: string;
  /** The path where it is unset. */
  readonly fallback: string;
}

const LAYER_TOKEN_FILE: TokenFileSetting = {
  name: "LAYER_TOKEN_FILE",
  fallback: layerPresentSettings.LAYER_TOKEN_FILE.parse(undefined),
};

/**
 * What a service must refuse to start for, in the form that `runService` takes: one sentence when
 * LAYER_AUTH asks for a token (with sigv4 it is for what does not go to the execution API) and its file has none.
 *
 * @param setting which file; a service that calls two others has a token for each of them.
 */
export function refuseMissingLayerToken(
  env: Environment,
  { name, fallback }: TokenFileSetting = LAYER_TOKEN_FILE,
): string[] {
  const choice = env.LAYER_AUTH?.trim().toLowerCase() ?? "";
  if (choice !== "service-account" && choice !== "sigv4") return [];
  try {
    readTokenFile(env[name]?.trim() || fallback);
    return [];
  } catch (error) {
    if (!(error instanceof TokenFileError)) throw error;
    return [`${name}: ${error.message}; LAYER_AUTH=${choice} needs a projected token there`];
  }
}
