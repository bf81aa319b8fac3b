/** What the tests share: a clock to set, a log to read, verifiers that watch for leaked tokens. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  createTokenVerifier,
  type IdentityLog,
  type TokenVerifier,
  type TokenVerifierOptions,
  type VerifyResult,
} from "@airlock/identity";
import {
  createLocalIssuer,
  type LocalIssuer,
  type LocalIssuerOptions,
} from "@airlock/local-issuer";

export const GATEWAY = "system:serviceaccount:gateway:gateway";

/** Time as a test wants it. */
export class Clock {
  #ms = Date.now();
  readonly now = (): Date => new Date(this.#ms);
  passSeconds(seconds: number): void {
    this.#ms += seconds * 1000;
  }
  get seconds(): number {
    return Math.floor(this.#ms / 1000);
  }
}

export interface RecordedLog extends IdentityLog {
  readonly lines: string[];
}

export function recordLog(): RecordedLog {
  const lines: string[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    const plain = Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? `${value.stack} ${JSON.stringify(value)} ${value.cause}` : value,
    ]);
    lines.push(JSON.stringify({ level, message, ...Object.fromEntries(plain) }));
  };
  return { lines, info: write("info"), warn: write("warn"), error: write("error") };
}

export interface Rig {
  readonly issuer: LocalIssuer;
  readonly clock: Clock;
  readonly log: RecordedLog;
  /** Like the one aux has, unless told otherwise; closed with the test. */
  verifier(options?: Partial<TokenVerifierOptions>): TokenVerifier;
}

/** An issuer and verifiers for one test. Afterwards no token may stand in the log or a result. */
export async function rig(t: TestContext, options: LocalIssuerOptions = {}): Promise<Rig> {
  const clock = new Clock();
  const log = recordLog();
  const issuer = await createLocalIssuer({ now: clock.now, algorithm: "ES256", ...options });
  const sent = new Set<string>();
  const said: string[] = [];
  const verifiers: TokenVerifier[] = [];
  t.after(async () => {
    for (const verifier of verifiers) verifier.close();
    await issuer.close();
    assertNoToken([...log.lines, ...said], sent);
  });
  return {
    issuer,
    clock,
    log,
    verifier(options = {}) {
      const verifier = createTokenVerifier({
        issuer: issuer.issuer,
        jwks: { tokenFile: issuer.readerTokenFile },
        audience: "aux",
        subjects: [GATEWAY],
        log,
        now: clock.now,
        ...options,
      });
      verifiers.push(verifier);
      return {
        ...verifier,
        async verify(token) {
          if (token !== undefined) sent.add(token);
          const result = await verifier.verify(token);
          said.push(JSON.stringify(result));
          return result;
        },
      };
    },
  };
}

/** A server in the issuer's place; its address. */
export async function stand(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The one reason that a failed reading of keys was logged with. */
export async function reasonIn(log: RecordedLog): Promise<string> {
  const failed = () => log.lines.find((line) => line.includes("cannot be read"));
  await until("a failed reading", 5000, () => failed() !== undefined);
  return JSON.parse(failed() ?? "{}").reason;
}

/** Neither a token nor its signature or payload may be in any line. */
export function assertNoToken(lines: readonly string[], tokens: Iterable<string>): void {
  const all = lines.join("\n");
  for (const token of tokens) {
    for (const part of [token, ...token.split(".")]) {
      if (part.length < 8) continue;
      assert.ok(
        !all.includes(part),
        `a token's part is in: ${lines.find((l) => l.includes(part))}`,
      );
    }
  }
}

/** The reason of a refusal, or `ok`. */
export const outcome = (result: VerifyResult): string =>
  result.ok ? "ok" : `${result.status} ${result.reason}`;

/** Waits for something that happens by itself, and says so when it does not. */
export async function until(what: string, limitMs: number, isTrue: () => boolean): Promise<number> {
  const startedAt = performance.now();
  while (!isTrue()) {
    if (performance.now() - startedAt > limitMs) assert.fail(`${what}: not within ${limitMs} ms`);
    await delay(2);
  }
  return performance.now() - startedAt;
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token signed with HMAC, as an attacker would who takes a public key for the secret. */
export function hmacToken(header: object, payload: object, secret: string): string {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A token's claims as it says them, for tests that take one apart. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** The same token under another key's name. */
export function withKid(token: string, kid: string): string {
  const [header = "", ...rest] = token.split(".");
  const { alg } = JSON.parse(Buffer.from(header, "base64url").toString());
  return [encode({ alg, kid }), ...rest].join(".");
}
