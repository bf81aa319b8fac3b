/** One AWS session for all clients: refreshed in the background, served until it truly expires. */
import { AwsClock, createLogPace, RefreshPace, SettingsError } from "@airlock/config";
import type { AwsSession as SessionReport } from "@airlock/contract";
import { withDeadline } from "./deadline.ts";
import { type Fault, type Use, Witnesses } from "./witnesses.ts";

/** Temporary (or, without `expiresAt`, lasting) credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Milliseconds since the epoch, by AWS's clock. */
  readonly expiresAt?: number;
}

export interface SessionSource {
  readonly kind: SessionReport["source"];
  /** Asks AWS for a new session. @throws SettingsError when no session can come of these settings */
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

/** One attempt to fetch, in milliseconds: a process or a sign-on that gives credentials may be slow. */
const FETCH_LIMIT_MS = 8000;
/** A request may wait for the account, so it has less time. */
const ACCOUNT_LIMIT_MS = 2000;
/** How often the session looks at the clocks. */
const TICK_MS = 250;
/** A clock that is set by less is corrected by AWS's answers alone. */
const LEAST_JUMP_MS = 5000;

/**
 * Keeps one session fresh.
 *
 * It is renewed at a random point between 60 and 70 % of its life, when the machine's clock jumps and when
 * AWS refuses it. When that fails the old one is served until its expiry while renewal is tried again;
 * there is at most one attempt at a time, and no request waits for it but one that AWS has refused.
 */
export class Session {
  /** The time that the session, and what is signed with it, goes by. */
  readonly clock: AwsClock;
  readonly #source: SessionSource;
  readonly #log: SessionLog;
  readonly #pace: RefreshPace;
  readonly #witnesses = new Witnesses();
  #credentials: Credentials | undefined;
  /** AWS does not take the credentials, and has taken none of their calls since. */
  #isRefused = false;
  #account: Promise<string> | undefined;
  #failures = 0;
  readonly #isLogged: (isFirst: boolean) => boolean;
  #refresh: Promise<void> | undefined;
  readonly #begun = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = new AbortController();

  constructor(source: SessionSource, log: SessionLog, clock = new AwsClock()) {
    this.#source = source;
    this.#log = log;
    this.clock = clock;
    this.#pace = new RefreshPace(clock.now);
    this.#isLogged = createLogPace(clock.now);
    this.begun.catch(() => undefined); // whoever wants to know is told
  }

  /** Begins to fetch in the background; returns at once, whatever the state of STS. */
  start(): void {
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** The first session is there. @throws SettingsError when AWS refuses it for what the settings say */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  stop(): void {
    this.#stopped.abort();
    clearInterval(this.#timer);
  }

  /** The credentials to sign with now. @throws SessionUnavailableError */
  credentials(): Credentials {
    if (this.#credentials === undefined || this.#lifeSeconds() === 0) {
      throw new SessionUnavailableError();
    }
    return this.#credentials;
  }

  /** Whether a call can be signed, be it only to learn whether AWS takes the session again. */
  canSign(): boolean {
    return this.#lifeSeconds() > 0;
  }

  /**
   * The account that AWS is called in. Where no role names it STS is asked, once.
   *
   * @throws ProblemError while STS cannot be asked
   */
  accountId(): Promise<string> {
    this.#account ??= withDeadline(ACCOUNT_LIMIT_MS, this.#stopped.signal, (signal) =>
      this.#source.account(signal),
    ).catch((error) => {
      this.#account = undefined;
      throw error;
    });
    return this.#account;
  }

  /** Whether AWS can be called, as far as its answers tell. */
  isValid(): boolean {
    return this.secondsLeft() > 0;
  }

  /** Seconds until expiry: 0 without a session or with a refused one, Infinity for lasting credentials. */
  secondsLeft(): number {
    return this.#isRefused ? 0 : this.#lifeSeconds();
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

  /** AWS has taken a call. */
  accept(use: Use<Credentials>): void {
    if (use.credentials !== this.#credentials) return;
    this.#witnesses.accepted(use);
    this.#isRefused = false;
    this.#pace.accepted();
  }

  /**
   * AWS does not take the credentials of a call: they are renewed at once, or when that is due again, unless
   * it is known that others take them.
   *
   * @param areUnknown see Witnesses.
   */
  refuse(use: Use<Credentials>, error: unknown, areUnknown: boolean): Fault {
    if (use.credentials !== this.#credentials) return "session";
    const fault = this.#witnesses.refused(use, areUnknown, this.clock.now());
    if (fault === "bucket" || fault === "service") return fault;
    if (fault === "session") {
      const message = "AWS refuses the credentials of its session";
      if (!this.#isRefused) this.#tell(error, message, !this.#pace.isTroubled);
      this.#isRefused = true;
    }
    this.#pace.wake();
    this.#tick();
    return fault;
  }

  /**
   * Waits for the renewal that a refusal has begun.
   *
   * @returns whether there are other credentials than `used` now.
   */
  async renewed(used: Credentials, limitMs: number, signal?: AbortSignal): Promise<boolean> {
    const refresh = this.#refresh;
    if (used === this.#credentials && refresh && limitMs > 0) {
      await withDeadline(limitMs, signal, () => refresh).catch(() => undefined);
    }
    return used !== this.#credentials && this.canSign();
  }

  #lifeSeconds(): number {
    if (this.#credentials === undefined) return 0;
    const { expiresAt } = this.#credentials;
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, (expiresAt - this.clock.awsNow) / 1000);
  }

  #tick(): void {
    const jumpMs = this.clock.jumpMs();
    if (Math.abs(jumpMs) >= LEAST_JUMP_MS) {
      const seconds = Math.round(jumpMs / 1000);
      this.#log.info({ seconds }, "The clock of this machine was set; the AWS session is renewed");
      this.#pace.wake();
    }
    if (this.#stopped.signal.aborted || this.#refresh || !this.#pace.isDue(this.isValid())) return;
    this.#refresh = this.#renew().finally(() => {
      this.#refresh = undefined;
    });
  }

  async #renew(): Promise<void> {
    this.#pace.begin();
    try {
      const fetched = await withDeadline(FETCH_LIMIT_MS, this.#stopped.signal, (signal) =>
        this.#source.fetch(signal),
      );
      if (!isSame(fetched, this.#credentials)) {
        this.#credentials = fetched;
        this.#isRefused = false;
      }
      if (this.#failures > 0) this.#log.info({ failures: this.#failures }, "AWS session recovered");
      this.#failures = 0;
      this.#begun.resolve();
      this.#pace.succeeded(this.#lifeSeconds() * 1000);
      // refused as they are, lasting credentials may be replaced at any time
      if (this.#isRefused) this.#pace.wake();
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#failures++;
      if (error instanceof SettingsError) this.#begun.reject(error);
      this.#tell(error, "AWS session could not be refreshed", this.#failures === 1);
      this.#pace.failed(this.secondsLeft() * 1000);
    }
  }

  #tell(error: unknown, message: string, isFirst: boolean): void {
    if (!this.#isLogged(isFirst)) return;
    this.#log.error(
      { error, failures: this.#failures, seconds_left: Math.round(this.secondsLeft()) },
      message,
    );
  }
}

const isSame = (one: Credentials, other: Credentials | undefined): boolean =>
  one.accessKeyId === other?.accessKeyId &&
  one.sessionToken === other.sessionToken &&
  one.secretAccessKey === other.secretAccessKey;
