/** Where an issuer's keys come from: its discovery document, a URL, or a file. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { codeOf, KeysUnreadable } from "./key-failures.ts";
import { type Fetch, fetchDocument, MAX_DOCUMENT_BYTES, trustCaFile } from "./key-fetch.ts";
import { readKeySet } from "./key-set.ts";

export interface KeyLocation {
  /** The JWKS document's address. */
  readonly url?: string | undefined;
  /** A file with the JWKS document; read again when it changes. */
  readonly file?: string | undefined;
  /** A token to ask with; sent to the origin of `url` or else of the issuer, nowhere else. */
  readonly tokenFile?: string | undefined;
  /** CAs (PEM) to trust in place of the system's, for these documents alone; read at each reading. */
  readonly caFile?: string | undefined;
  /** What the settings with all this begin with, such as LAYER_AUTH: the log advises by name. */
  readonly settings?: string | undefined;
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

/** Without url and file the issuer's discovery document tells. */
export function keySource(issuer: string, location: KeyLocation, fetch: Fetch): KeySource {
  const { url, file, caFile, settings = "LAYER_AUTH" } = location;
  if (file !== undefined) {
    return {
      name: file,
      refreshMs: 1000,
      unknownKeyPaceMs: 1000,
      read: (signal) => readDocumentFile(file, signal),
    };
  }
  return {
    name: url ?? issuer,
    refreshMs: 600_000,
    unknownKeyPaceMs: 30_000,
    async read(signal) {
      const trust = caFile === undefined ? undefined : await trustCaFile(caFile, signal);
      const reading = { issuer, location, settings, fetch: trust?.fetch ?? fetch, signal };
      try {
        return await (url === undefined ? discoverKeys(reading) : get(reading, url));
      } finally {
        await trust?.close();
      }
    },
  };
}

/** What the requests of one reading have in common. */
interface Reading {
  readonly issuer: string;
  readonly location: KeyLocation;
  readonly settings: string;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
}

function get(reading: Reading, address: string): Promise<string> {
  const { issuer, location, settings, fetch, signal } = reading;
  const { url, tokenFile, caFile } = location;
  const asked = {
    address,
    isDiscovery: address === discoveryAddress(issuer),
    settings,
    tokenFile,
    sendsToken: new URL(address).origin === new URL(url ?? issuer).origin,
    caFile,
  };
  return fetchDocument(fetch, asked, signal);
}

/**
 * An API server is asked by its name and calls itself by an address in `jwks_uri`. To send the token
 * there would be to send it wherever a document says; without it the answer is 403. So the same path
 * is asked for at the issuer's own origin first, and the address as it stands, without the token,
 * where that has no keys.
 */
async function discoverKeys(reading: Reading): Promise<string> {
  const address = await discover(reading);
  const { origin } = new URL(reading.issuer);
  const { pathname, search, origin: named } = new URL(address);
  if (reading.location.tokenFile === undefined || named === origin) return get(reading, address);
  try {
    const document = await get(reading, `${origin}${pathname}${search}`);
    readKeySet(document); // a page that answers every path with 200 has no keys
    return document;
  } catch (nearer) {
    return get(reading, address).catch((error) => {
      const isElsewhere = nearer instanceof KeysUnreadable && nearer.status === 404;
      throw isElsewhere ? error : nearer; // the one that can be mended
    });
  }
}

/** OpenID Connect Discovery 1.0 §4: the keys' address, and the check that makes it safe (§4.3). */
async function discover(reading: Reading): Promise<string> {
  const { issuer, settings } = reading;
  const address = discoveryAddress(issuer);
  const { success, data } = Discovery.safeParse(parseJson(await get(reading, address)));
  const byAddress = `name the address of the keys in ${settings}_JWKS_URL`;
  if (!success || !URL.canParse(data.jwks_uri)) {
    throw new KeysUnreadable(`${address} names no jwks_uri; ${byAddress}`);
  }
  if (data.issuer !== issuer) {
    throw new KeysUnreadable(
      `${address} is the document of another issuer; set ${settings}_ISSUER to the letter as tokens have it`,
    );
  }
  const { protocol } = new URL(data.jwks_uri);
  if (protocol !== "https:" && (protocol !== "http:" || address.startsWith("https:"))) {
    throw new KeysUnreadable(`${address} names a jwks_uri that is not https; ${byAddress}`);
  }
  return data.jwks_uri;
}

const discoveryAddress = (issuer: string) =>
  `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readDocumentFile(path: string, signal: AbortSignal): Promise<string> {
  const text = await readFile(path, { encoding: "utf8", signal }).catch((error) => {
    throw new KeysUnreadable(`${path} cannot be read (${codeOf(error)}); put the keys there`);
  });
  if (text.length > MAX_DOCUMENT_BYTES) {
    throw new KeysUnreadable(`${path} is larger than a JWKS can be; put the keys alone there`);
  }
  return text;
}
