/** One AWS session for all clients: refreshed in the background, served until it truly expires. */
import type { AwsSession as SessionReport } from "@airlock/contract";
import { withDeadline } from "./deadline.ts";

/** Temporary (or, without `expiresAt`, lasting) credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Milliseconds since the epoch, by the local clock. */
  readonly expiresAt?: number;
}

export interface SessionSource {
  readonly kind: SessionReport["source"];
  /** Asks AWS for a new session. */
  fetch(signal: AbortSignal): Promise<Credentials>;
  /** The account that the sessions are of, twelve digits. */
  account(signal: AbortSignal): Promise<string>;
}

export interface SessionLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The session is missing or expired; the request cannot be signed. */
export class SessionUnavailableError extends Error {
  constructor(options?: ErrorOptions) {
    super("no valid AWS session", options);
    this.name = "SessionUnavailableError";
  }
}

/** One attempt to fetch, in milliseconds. */
const FETCH_LIMIT_MS = 2000;
/** Without a session every request fails, so the next attempt follows this soon (plus jitter). */
const URGENT_RETRY_MS = 1000;
/** With a session there is time: 5 s, doubling to 30 s. */
const CALM_RETRY_MS = 5000;
const MAX_CALM_RETRY_MS = 30_000;
/** Failures are logged when they begin and then this often. */
const LOG_EVERY_MS = 30_000;

/**
 * Keeps one session fresh.
 *
 * It is renewed at a random point between 60 and 70 % of its life. When that fails the old one is
 * served until its expiry while renewal is tried again; requests never wait for STS, and there is
 * at most one call to it at a time.
 */
export class Session {
  readonly #source: SessionSource;
  readonly #log: SessionLog;
  #credentials: Credentials | undefined;
  #account: Promise<string> | undefined;
  #failures = 0;
  #lastLogAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #stopped = new AbortController();

  constructor(source: SessionSource, log: SessionLog) {
    this.#source = source;
    this.#log = log;
  }

  /** Begins to fetch in the background; returns at once, whatever the state of STS. */
  start(): void {
    void this.#refresh();
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  /** The credentials to sign with now. @throws SessionUnavailableError */
  credentials(): Credentials {
    if (!this.isValid()) throw new SessionUnavailableError();
    return this.#credentials as Credentials;
  }

  /**
   * The account that AWS is called in. Where no role names it STS is asked, once.
   *
   * @throws ProblemError while STS cannot be asked
   */
  accountId(): Promise<string> {
    this.#account ??= withDeadline(FETCH_LIMIT_MS, this.#stopped.signal, (signal) =>
      this.#source.account(signal),
    ).catch((error) => {
      this.#account = undefined;
      throw error;
    });
    return this.#account;
  }

  isValid(): boolean {
    return this.#credentials !== undefined && this.secondsLeft() > 0;
  }

  /** Seconds until expiry: 0 without a session, Infinity for lasting credentials. */
  secondsLeft(): number {
    if (this.#credentials === undefined) return 0;
    const { expiresAt } = this.#credentials;
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, (expiresAt - Date.now()) / 1000);
  }

  /** For /health: the state, never a key. */
  report(): SessionReport {
    const expiresAt = this.#credentials?.expiresAt;
    return {
      state: this.isValid() ? "valid" : "unavailable",
      source: this.#source.kind,
      expires_at: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
      refresh_failures: this.#failures,
    };
  }

  async #refresh(): Promise<void> {
    const startedAt = Date.now();
    let delayMs: number | undefined;
    try {
      this.#credentials = await withDeadline(FETCH_LIMIT_MS, this.#stopped.signal, (signal) =>
        this.#source.fetch(signal),
      );
      if (this.#failures > 0) this.#log.info({ failures: this.#failures }, "AWS session recovered");
      this.#failures = 0;
      delayMs = this.#untilRenewalMs();
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#failures++;
      this.#report(error);
      delayMs = Math.max(0, startedAt + this.#retryMs() - Date.now());
    }
    if (delayMs === undefined || this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#refresh(), delayMs).unref();
  }

  /** 60–70 % of the life that is left now; undefined for credentials that last. */
  #untilRenewalMs(): number | undefined {
    const lifeMs = this.secondsLeft() * 1000;
    if (lifeMs === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(URGENT_RETRY_MS, lifeMs * (0.6 + 0.1 * Math.random()));
  }

  /** From the start of the failed attempt to the next one. */
  #retryMs(): number {
    const urgentMs = URGENT_RETRY_MS * (1 + 0.3 * Math.random());
    if (!this.isValid()) return urgentMs;
    const calmMs = Math.min(CALM_RETRY_MS * 2 ** (this.#failures - 1), MAX_CALM_RETRY_MS);
    const untilExpiryMs = this.secondsLeft() * 1000;
    return Math.max(urgentMs, Math.min(calmMs * (1 + 0.2 * Math.random()), untilExpiryMs));
  }

  #report(error: unknown): void {
    const now = Date.now();
    if (this.#failures > 1 && now - this.#lastLogAt < LOG_EVERY_MS) return;
    this.#lastLogAt = now;
    this.#log.error(
      { error, failures: this.#failures, seconds_left: Math.round(this.secondsLeft()) },
      "AWS session could not be refreshed",
    );
  }
}
