/** Where an issuer's keys come from: its discovery document, a URL, or a file. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { readTokenFile } from "./token-file.ts";

/** Larger documents are not read to the end. */
const MAX_DOCUMENT_BYTES = 262_144;

export interface KeyLocation {
  /** The JWKS document's address. */
  readonly url?: string;
  /** A file with the JWKS document; read again when it changes. */
  readonly file?: string;
  /** A token to ask with; sent to the origin of `url` or else of the issuer, nowhere else. */
  readonly tokenFile?: string;
}

export interface KeySource {
  /** For logs. */
  readonly name: string;
  /** How old keys may be before they are read again, in milliseconds. */
  readonly refreshMs: number;
  /** At most one reading in this time because of unknown keys, in milliseconds. */
  readonly unknownKeyPaceMs: number;
  /** The JWKS document. Rejects with an error whose message holds no secret. */
  read(signal: AbortSignal): Promise<string>;
}

export type Fetch = typeof globalThis.fetch;

/** Without url and file the issuer's discovery document tells. */
export function keySource(issuer: string, location: KeyLocation, fetch: Fetch): KeySource {
  const { url, file, tokenFile } = location;
  if (file !== undefined) {
    return {
      name: file,
      refreshMs: 1000,
      unknownKeyPaceMs: 1000,
      read: (signal) => readDocumentFile(file, signal),
    };
  }
  const trusted = new URL(url ?? issuer).origin;
  const get = (address: string, signal: AbortSignal) => {
    const isTrusted = tokenFile !== undefined && new URL(address).origin === trusted;
    const token = isTrusted ? readTokenFile(tokenFile) : undefined;
    return fetchText(fetch, address, signal, token);
  };
  return {
    name: url ?? issuer,
    refreshMs: 600_000,
    unknownKeyPaceMs: 30_000,
    read: async (signal) => get(url ?? (await discover(issuer, get, signal)), signal),
  };
}

/** OpenID Connect Discovery 1.0 §4: the address, and the check that makes it safe (§4.3). */
async function discover(
  issuer: string,
  get: (address: string, signal: AbortSignal) => Promise<string>,
  signal: AbortSignal,
): Promise<string> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const { success, data } = Discovery.safeParse(parseJson(await get(address, signal)));
  if (!success || !URL.canParse(data.jwks_uri)) throw new Error(`${address} names no jwks_uri`);
  if (data.issuer !== issuer) throw new Error(`${address} is the document of another issuer`);
  const { protocol } = new URL(data.jwks_uri);
  if (protocol !== "https:" && (protocol !== "http:" || address.startsWith("https:"))) {
    throw new Error(`${address} names a jwks_uri that is not https`);
  }
  return data.jwks_uri;
}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function fetchText(
  fetch: Fetch,
  address: string,
  signal: AbortSignal,
  token: string | undefined,
): Promise<string> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  // a redirect could lead anywhere inside the network
  const response = await fetch(address, { headers, signal, redirect: "error" }).catch((error) => {
    throw new Error(`${address} did not answer (${codeOf(error)})`);
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${address} answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > MAX_DOCUMENT_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error(`${address} broke off its answer (${codeOf(error)})`);
  }
  if (size > MAX_DOCUMENT_BYTES) throw new Error(`${address} answered more than a JWKS can have`);
  return Buffer.concat(chunks).toString();
}

async function readDocumentFile(path: string, signal: AbortSignal): Promise<string> {
  const text = await readFile(path, { encoding: "utf8", signal }).catch((error) => {
    throw new Error(`${path} cannot be read (${codeOf(error)})`);
  });
  if (text.length > MAX_DOCUMENT_BYTES) throw new Error(`${path} is larger than a JWKS can be`);
  return text;
}

/** The system's word for a failure; messages of foreign errors can quote what was sent. */
function codeOf(error: unknown): string {
  const { cause, code, name } = error as {
    cause?: { code?: unknown };
    code?: unknown;
    name?: unknown;
  };
  return [cause?.code, code, name].find((word) => typeof word === "string") ?? "error";
}
