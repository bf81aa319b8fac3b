/** One document of an issuer over http or https: size, status and certificates are looked at. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Agent, fetch as fetchBy } from "undici";
import { type Asked, codeOf, KeysUnreadable, noAnswer, wrongStatus } from "./key-failures.ts";
import { readTokenFile, TokenFileError } from "./token-file.ts";

/** Larger documents are not read to the end. */
export const MAX_DOCUMENT_BYTES = 262_144;

/** API servers have their keys as the first kind alone (RFC 7517 §8.5.2) and answer 406 to the second. */
const ACCEPT = "application/jwk-set+json, application/json";

/** The part of `fetch` that is used here. */
export type Fetch = (address: string, init: FetchInit) => Promise<FetchAnswer>;
interface FetchInit {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly redirect: "manual";
}
interface FetchAnswer {
  readonly status: number;
  readonly body: (AsyncIterable<Uint8Array> & { cancel(): Promise<void> }) | null;
}

export interface Trust {
  readonly fetch: Fetch;
  close(): Promise<void>;
}

/**
 * A fetch that trusts the CAs in a file and no others. It is made for one reading of keys, so a file
 * that was replaced holds from the next reading on.
 *
 * @throws KeysUnreadable when the file holds no certificate.
 */
export async function trustCaFile(path: string, signal: AbortSignal): Promise<Trust> {
  const ca = await readFile(path, { encoding: "utf8", signal }).catch((error) => {
    throw new KeysUnreadable(
      `${path} cannot be read (${codeOf(error)}); put the issuer's CA there`,
    );
  });
  if (!isCertificates(ca)) {
    throw new KeysUnreadable(
      `${path} does not hold certificates in PEM; put the issuer's CA there`,
    );
  }
  const agent = new Agent({ allowH2: false, connect: { ca } });
  return {
    fetch: (address, init) => fetchBy(address, { ...init, dispatcher: agent }),
    close: () => agent.destroy(),
  };
}

/** TLS itself passes over what it cannot read, and would then say that nobody knows the CA. */
function isCertificates(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block)).length > 0;
  } catch {
    return false;
  }
}

/**
 * The document at `asked.address`, asked for with the token in `asked.tokenFile` where it may go.
 *
 * @throws KeysUnreadable
 */
export async function fetchDocument(
  fetch: Fetch,
  asked: Asked,
  signal: AbortSignal,
): Promise<string> {
  const { address, tokenFile, sendsToken } = asked;
  const headers: Record<string, string> = { accept: ACCEPT };
  if (tokenFile !== undefined && sendsToken) {
    headers.authorization = `Bearer ${tokenIn(tokenFile, asked)}`;
  }
  // a redirect could lead anywhere inside the network
  const answer = await fetch(address, { headers, signal, redirect: "manual" }).catch((error) => {
    throw noAnswer(error, asked);
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw wrongStatus(answer.status, asked);
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer.body ?? []) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_DOCUMENT_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw noAnswer(error, asked);
  }
  if (sizeBytes > MAX_DOCUMENT_BYTES) {
    throw new KeysUnreadable(
      `${address} answered more than a JWKS can have; name the address of the keys in ${asked.settings}_JWKS_URL`,
    );
  }
  return Buffer.concat(chunks).toString();
}

function tokenIn(path: string, { settings }: Asked): string {
  try {
    return readTokenFile(path);
  } catch (error) {
    if (!(error instanceof TokenFileError)) throw error;
    const advice = `have a token projected there, or correct ${settings}_JWKS_TOKEN_FILE`;
    throw new KeysUnreadable(`${error.message}; ${advice}`);
  }
}
