/**
 * An issuer on loopback that plays a cluster's service-account issuer, for laptops and tests only:
 * real keys, a real discovery document, tokens of the shape that Kubernetes projects into pods.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JWK } from "jose";
import { answerDocument } from "./documents.ts";
import { type KeptTokenFile, keepTokenFile } from "./token-file.ts";
import {
  type LocalAlgorithm,
  newKey,
  payloadOf,
  type SigningKey,
  signToken,
  type TokenClaims,
} from "./tokens.ts";

export interface LocalIssuerOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  /** RS256 by default, as clusters have it. */
  readonly algorithm?: LocalAlgorithm;
  /** Shows its documents to everybody; unset, to those alone who have a token for the issuer. */
  readonly isPublic?: boolean;
  /** Answers over https with this certificate. */
  readonly tls?: Certificate;
  readonly now?: () => Date;
}

/** PEM, both. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface LocalIssuer {
  /** Its `iss`, and where its discovery document is. */
  readonly issuer: string;
  readonly jwksUrl: string;
  /** A token for the issuer itself, with which its documents may be read. */
  readonly readerTokenFile: string;
  /** How often each document was shown. */
  readonly fetches: { readonly discovery: number; readonly jwks: number };
  /** The public keys it shows now. */
  publicKeys(): readonly JWK[];
  /**
   * Signs a token, whatever it says: tests need wrong ones too.
   *
   * @param header overrides members of the token's header, such as `kid`.
   */
  mint(claims?: TokenClaims, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Signs with a new key from now on; the old ones stay in the JWKS. */
  rotate(): Promise<void>;
  /** Withdraws all keys but the one in use. */
  dropOldKeys(): void;
  /** Stops answering, as an issuer that is down: connections are refused. */
  pause(): Promise<void>;
  /** Answers with another certificate from now on. */
  renewCertificate(certificate: Certificate): void;
  /** Answers again, on the same port. */
  resume(): Promise<void>;
  /**
   * Writes a token where the kubelet would and renews it at 80 % of its life until closed.
   *
   * @param path of the token, in a directory of its own.
   */
  keepTokenFile(
    path: string,
    claims?: TokenClaims,
    life?: { readonly ttlSeconds: number },
  ): Promise<KeptTokenFile>;
  close(): Promise<void>;
}

/** On loopback alone: these keys are for one machine. */
const ADDRESS = "127.0.0.1";
/** Longer than any test lets its clock run. */
const READER_TOKEN_SECONDS = 7 * 86_400;

/** Starts the issuer. @throws when the port is taken. */
export async function createLocalIssuer(options: LocalIssuerOptions = {}): Promise<LocalIssuer> {
  const { algorithm = "RS256", isPublic = false, tls, now = () => new Date() } = options;
  let keys = [await newKey(algorithm)];
  const fetches = { discovery: 0, jwks: 0 };
  const kept = new Set<KeptTokenFile>();
  const publicKeys = () => keys.map((key) => key.publicJwk);

  const answer: RequestListener = async (request, response) => {
    const { status, contentType, body, shown } = await answerDocument(request, documents);
    if (shown) fetches[shown]++;
    response.writeHead(status, { "content-type": contentType });
    response.end(JSON.stringify(body));
  };
  const server = tls ? createHttpsServer(tls, answer) : createServer(answer);
  const listen = async (port: number) => {
    server.listen(port, ADDRESS);
    await once(server, "listening"); // rejects when the port is taken
    return (server.address() as AddressInfo).port;
  };
  const stop = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const port = await listen(options.port ?? 0);
  const scheme = tls ? "https" : "http";
  const issuer = `${scheme}://localhost:${port}`;
  // an API server is asked by name and calls itself by its address
  const jwksUri = `${scheme}://${ADDRESS}:${port}/openid/v1/jwks`;
  const documents = { issuer, jwksUri, algorithm, isPublic, publicKeys, now };

  const mint: LocalIssuer["mint"] = async (claims = {}, header = {}) =>
    signToken(keys[0] as SigningKey, header, payloadOf(issuer, claims, now()));

  const keep: LocalIssuer["keepTokenFile"] = async (path, claims = {}, life) => {
    const { ttlSeconds } = life ?? { ttlSeconds: 3600 };
    const file = await keepTokenFile(path, () => mint({ ...claims, ttlSeconds }), ttlSeconds);
    kept.add(file);
    return file;
  };
  const folder = await mkdtemp(join(tmpdir(), "airlock-issuer-"));
  const readerTokenFile = join(folder, "token");
  const readerToken = await keep(
    readerTokenFile,
    { aud: [issuer] },
    { ttlSeconds: READER_TOKEN_SECONDS },
  );

  return {
    issuer,
    jwksUrl: `${issuer}/openid/v1/jwks`,
    readerTokenFile,
    fetches,
    publicKeys,
    mint,
    async rotate() {
      keys = [await newKey(algorithm), ...keys];
      await readerToken.renew(); // as the kubelet has long done before a key is withdrawn
    },
    dropOldKeys() {
      keys = keys.slice(0, 1);
    },
    renewCertificate(certificate) {
      if ("setSecureContext" in server) server.setSecureContext(certificate);
    },
    pause: stop,
    async resume() {
      if (!server.listening) await listen(port);
    },
    keepTokenFile: keep,
    async close() {
      for (const file of kept) file.close();
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
