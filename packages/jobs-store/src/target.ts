/** Where the database is and how its connection is protected. */
import { readFileSync } from "node:fs";
import type pg from "pg";

/**
 * require encrypts and believes any server; verify-full also checks the certificate against the CA
 * file and the name against the certificate (libpq, "SSL Support").
 */
export const SSL_MODES = ["disable", "require", "verify-full"] as const;
export type SslMode = (typeof SSL_MODES)[number];

export interface Ssl {
  readonly mode: SslMode;
  /** PEM; without it the CAs that Node knows. */
  readonly caFile?: string;
}

export interface ConnectTarget {
  /** `postgresql://user:password@host:port/database`, without `ssl…` parameters. */
  readonly url: string;
  readonly ssl: Ssl;
}

/**
 * Takes `sslmode` and `sslrootcert` out of a DATABASE_URL: the driver reads them in its own way.
 * Without `sslmode` the connection is not encrypted.
 *
 * @throws Error that never repeats the URL, which holds a password.
 */
export function connectTarget(databaseUrl: string): ConnectTarget {
  const url = parseUrl(databaseUrl);
  const mode = url.searchParams.get("sslmode") ?? "disable";
  const caFile = url.searchParams.get("sslrootcert");
  if (!isSslMode(mode)) throw new Error(`sslmode must be one of ${SSL_MODES.join(", ")}`);
  for (const name of [...url.searchParams.keys()]) {
    if (name.startsWith("ssl")) url.searchParams.delete(name);
  }
  return { url: url.href, ssl: { mode, ...(caFile && { caFile }) } };
}

export interface DatabaseParts {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A DATABASE_URL from its parts; whatever a password holds is encoded. */
export function databaseUrl({ host, port, user, password, database }: DatabaseParts): string {
  const encode = encodeURIComponent;
  return `postgresql://${encode(user)}:${encode(password)}@${host}:${port}/${encode(database)}`;
}

/** @throws Error when the CA file cannot be read. */
export function clientConfig({ url, ssl }: ConnectTarget): pg.ClientConfig {
  return { connectionString: url, ssl: tlsOptions(ssl, parseUrl(url).hostname) };
}

function tlsOptions({ mode, caFile }: Ssl, hostname: string): pg.ClientConfig["ssl"] {
  if (mode === "disable") return false;
  if (mode === "require") return { rejectUnauthorized: false };
  const options = { rejectUnauthorized: true, ...(caFile && { ca: readFileSync(caFile, "utf8") }) };
  // the driver names the server only where it is no address; without a name TLS checks "localhost"
  return { ...options, host: hostname.replace(/^\[|\]$/g, "") };
}

function isSslMode(text: string): text is SslMode {
  return (SSL_MODES as readonly string[]).includes(text);
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "postgresql:" && url?.protocol !== "postgres:") {
    throw new Error("the database's URL must look like postgresql://user:password@host:5432/name");
  }
  return url;
}
