/** Why an issuer's keys could not be read, each in one sentence that ends with what to do about it. */

/** Keys could not be read; the message is for the log and quotes nothing that was sent or received. */
export class KeysUnreadable extends Error {
  /** Of the answer, where there was one. */
  readonly status: number | undefined;

  constructor(sentence: string, status?: number) {
    super(sentence);
    this.name = "KeysUnreadable";
    this.status = status;
  }
}

/** One request for a document, as far as advice depends on it. */
export interface Asked {
  readonly address: string;
  readonly isDiscovery: boolean;
  /** What the names of the settings begin with, such as LAYER_AUTH. */
  readonly settings: string;
  /** The file of the token to ask with. */
  readonly tokenFile: string | undefined;
  /** Whether the token may go to this address. */
  readonly sendsToken: boolean;
  /** The file of the CAs that are trusted; undefined means those of the system. */
  readonly caFile: string | undefined;
}

/** An answer of another status than 200. */
export function wrongStatus(status: number, asked: Asked): KeysUnreadable {
  const sentence = `${asked.address} answered ${status}: ${adviceOnStatus(status, asked)}`;
  return new KeysUnreadable(sentence, status);
}

function adviceOnStatus(status: number, asked: Asked): string {
  const { tokenFile, sendsToken, isDiscovery, settings } = asked;
  const byAddress = `name the address of the keys in ${settings}_JWKS_URL`;
  if ((status === 401 || status === 403) && tokenFile && !sendsToken) {
    return `the token in ${tokenFile} does not go to another host than the issuer's; ${byAddress}`;
  }
  if (status === 401 && tokenFile) {
    return `it does not accept the token in ${tokenFile}; have one projected there without an audience, which makes it one for the API server, and keep it renewed`;
  }
  if (status === 403 && tokenFile) {
    return `the token in ${tokenFile} may not read this; bind its service account to the ClusterRole system:service-account-issuer-discovery`;
  }
  if (status === 401 || status === 403) {
    return `it does not show this to everybody; set ${settings}_JWKS_TOKEN_FILE to the file of a token that may read it`;
  }
  if (status === 404) {
    return isDiscovery
      ? `this issuer has no discovery document; correct ${settings}_ISSUER, or ${byAddress}`
      : `there are no keys at this address; ${byAddress}`;
  }
  if (status === 406) {
    return `it offers neither application/jwk-set+json nor application/json there; ${byAddress}`;
  }
  if (status >= 300 && status <= 399) return `redirects are not followed; ${byAddress}`;
  if (status === 429 || status >= 500) return "it is in trouble, and is asked again by itself";
  return byAddress;
}

/** No answer at all, or one that broke off. */
export function noAnswer(error: unknown, asked: Asked): KeysUnreadable {
  const code = codeOf(error);
  return new KeysUnreadable(`${asked.address} did not answer (${code}): ${adviceOn(code, asked)}`);
}

function adviceOn(code: string, { address, caFile, settings }: Asked): string {
  const { host, hostname } = new URL(address);
  if (UNKNOWN_CA.has(code)) {
    return caFile
      ? `its certificate is not signed by a CA in ${caFile}; put the issuer's CA there`
      : `its certificate is signed by a CA that is not known here; set ${settings}_JWKS_CA_FILE to the issuer's CA`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is not for ${hostname}; use a name that is in it, or have this one added`;
  }
  if (code === "CERT_HAS_EXPIRED") return "its certificate has expired; have it renewed";
  if (code === "CERT_NOT_YET_VALID") return "its certificate is not valid yet; compare the clocks";
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    return `${host} does not speak TLS as it is spoken here; is that port the https one?`;
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `the name ${hostname} cannot be resolved; correct it, or allow the way to DNS`;
  }
  if (code === "ECONNREFUSED") return `nothing listens at ${host}; correct the port, or start it`;
  return `allow the way to ${host}, in network policies and firewalls, and see whether it is well`;
}

/** OpenSSL's words (X509_V_ERR_…), as Node has them, for a chain that ends nowhere. */
const UNKNOWN_CA: ReadonlySet<string> = new Set([
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** The system's word for a failure; messages of foreign errors can quote what was sent. */
export function codeOf(error: unknown): string {
  const { cause, code, name } = error as {
    cause?: { code?: unknown };
    code?: unknown;
    name?: unknown;
  };
  return [cause?.code, code, name].find((word) => typeof word === "string") ?? "error";
}
