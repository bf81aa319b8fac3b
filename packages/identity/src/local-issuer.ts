/**
 * An issuer on loopback that plays a cluster's service-account issuer, for laptops and tests only:
 * real keys, a real discovery document, tokens of the shape that Kubernetes projects into pods.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JWK } from "jose";
import { type KeptTokenFile, keepTokenFile } from "./local-token-file.ts";
import {
  type LocalAlgorithm,
  newKey,
  payloadOf,
  type SigningKey,
  signToken,
  type TokenClaims,
} from "./local-tokens.ts";

export type { KeptTokenFile } from "./local-token-file.ts";
export type { LocalAlgorithm, TokenClaims } from "./local-tokens.ts";

export interface LocalIssuerOptions {
  /** 127.0.0.1 by default; never an address that others can reach. */
  readonly host?: string;
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  /** RS256 by default, as clusters have it. */
  readonly algorithm?: LocalAlgorithm;
  readonly now?: () => Date;
}

export interface LocalIssuer {
  /** Its `iss`, and where its discovery document is. */
  readonly issuer: string;
  readonly jwksUrl: string;
  /** How often each document was asked for. */
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

/** Starts the issuer. @throws when the port is taken or the host is not on loopback. */
export async function createLocalIssuer(options: LocalIssuerOptions = {}): Promise<LocalIssuer> {
  const { host = "127.0.0.1", algorithm = "RS256", now = () => new Date() } = options;
  if (!/^(?:127(?:\.\d+){3}|::1|localhost)$/.test(host)) {
    throw new RangeError(`${host} is not on loopback; these keys are for one machine`);
  }
  let keys = [await newKey(algorithm)];
  const fetches = { discovery: 0, jwks: 0 };
  const kept = new Set<KeptTokenFile>();

  const server = createServer((request, response) => {
    const document = documentAt(request.url);
    const status = document && request.method === "GET" ? 200 : 404;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? { error: "not found" }));
  });
  const documentAt = (path: string | undefined) => {
    if (path === "/.well-known/openid-configuration") {
      fetches.discovery++;
      return {
        issuer,
        jwks_uri: jwksUrl,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: [algorithm],
      };
    }
    if (path !== "/openid/v1/jwks") return undefined;
    fetches.jwks++;
    return { keys: keys.map((key) => key.publicJwk) };
  };
  const listen = async (port: number) => {
    server.listen(port, host);
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
  const issuer = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const jwksUrl = `${issuer}/openid/v1/jwks`;

  const mint: LocalIssuer["mint"] = async (claims = {}, header = {}) =>
    signToken(keys[0] as SigningKey, header, payloadOf(issuer, claims, now()));

  return {
    issuer,
    jwksUrl,
    fetches,
    publicKeys: () => keys.map((key) => key.publicJwk),
    mint,
    async rotate() {
      keys = [await newKey(algorithm), ...keys];
    },
    dropOldKeys() {
      keys = keys.slice(0, 1);
    },
    pause: stop,
    async resume() {
      if (!server.listening) await listen(port);
    },
    async keepTokenFile(path, claims = {}, { ttlSeconds } = { ttlSeconds: 3600 }) {
      const file = await keepTokenFile(path, () => mint({ ...claims, ttlSeconds }), ttlSeconds);
      kept.add(file);
      return file;
    },
    async close() {
      for (const file of kept) file.close();
      await stop();
    },
  };
}
