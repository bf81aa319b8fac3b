/** Keeps one session with AWS: fetched ahead in the background, served until it truly expires, never waited for by a request. */
import { AwsClock, createLogPace, RefreshPace } from "@airlock/config";
import type { IdentityLog } from "../log.ts";
import { type AwsSession, NoSessionError, type SessionSource } from "./session.ts";

/** One question; a source that is slower than this is down. */
const FETCH_LIMIT_MS = 5000;
/** How often the clock is looked at. */
const TICK_MS = 250;
/** A clock that is set by less is no matter: AWS takes what is signed within five minutes. */
const LEAST_JUMP_MS = 5000;
/** No session of a role lives longer; an answer that says so does not put off the next one for ever. */
const MAX_LIFE_MS = 43_200_000;

export class SessionKeeper {
  /** By which the session expires and by which is signed. */
  readonly clock: AwsClock;
  readonly #source: SessionSource;
  readonly #log: IdentityLog;
  readonly #pace: RefreshPace;
  readonly #isLogged: (isFirst: boolean) => boolean;
  readonly #stopped = new AbortController();
  #session: AwsSession | undefined;
  #hadSession = false;
  #failures = 0;
  #renewing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: SessionSource, log: IdentityLog, clock = new AwsClock()) {
    this.#source = source;
    this.#log = log;
    this.clock = clock;
    this.#pace = new RefreshPace(clock.now);
    this.#isLogged = createLogPace(clock.now);
  }

  /** Begins to fetch; returns at once, whatever the state of the source. */
  start(): void {
    this.tick();
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  stop(): void {
    this.#stopped.abort();
    clearInterval(this.#timer);
  }

  /** The session to sign with now: a memory read. @throws NoSessionError */
  current(): AwsSession {
    if (this.#session === undefined || this.secondsLeft() === 0) {
      throw new NoSessionError("there is no valid AWS session to sign with");
    }
    return this.#session;
  }

  /** 0 without a session. */
  secondsLeft(): number {
    const { expiresAtMs = 0 } = this.#session ?? {};
    return Math.max(0, (expiresAtMs - this.clock.awsNow) / 1000);
  }

  /** Attempts in a row that brought no session. */
  get failures(): number {
    return this.#failures;
  }

  /** There has been a session: from then on it is looked for without anybody's help. */
  get hadSession(): boolean {
    return this.#hadSession;
  }

  /** AWS takes the session. */
  accepted(): void {
    this.#pace.accepted();
  }

  /** AWS does not take the session: it is replaced as soon as the pace of such renewals allows. */
  refused(): void {
    this.#pace.wake();
    this.tick();
  }

  /** Looks whether it is time; at most one attempt is under way. */
  tick(): void {
    if (Math.abs(this.clock.jumpMs()) >= LEAST_JUMP_MS) this.#clockWasSet();
    if (this.#stopped.signal.aborted || this.#renewing) return;
    if (!this.#pace.isDue(this.secondsLeft() > 0)) return;
    this.#renewing = this.#renew().finally(() => {
      this.#renewing = undefined;
    });
  }

  /** Or the machine has slept. STS tells the time with its next answer; beside an agent it is the machine's own. */
  #clockWasSet(): void {
    const { clock } = this;
    if (this.#source.kind === "container") clock.note(clock.awsNow - clock.offsetMs);
    this.#pace.wake();
  }

  async #renew(): Promise<void> {
    this.#pace.begin();
    try {
      const { session, atMs } = await this.#fetch();
      this.clock.note(atMs);
      const lifeMs = session.expiresAtMs - this.clock.awsNow;
      if (lifeMs <= 0)
        throw new NoSessionError(
          "the credentials that came have expired already, if the clock is right here",
        );
      this.#session = session;
      const fields = { source: this.#source.kind, failures: this.#failures };
      if (!this.#hadSession) this.#log.info(fields, "there is an AWS session to sign with");
      else if (this.#failures > 0) this.#log.info(fields, "AWS session to sign with renewed again");
      this.#hadSession = true;
      this.#failures = 0;
      this.#pace.succeeded(Math.min(lifeMs, MAX_LIFE_MS));
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      this.#failures++;
      this.#pace.failed(this.secondsLeft() * 1000);
      this.#report(error);
    }
  }

  async #fetch() {
    const limit = AbortSignal.timeout(FETCH_LIMIT_MS);
    return this.#source.fetch(AbortSignal.any([this.#stopped.signal, limit]));
  }

  #report(error: unknown): void {
    if (!this.#isLogged(this.#failures === 1)) return;
    const what = error instanceof NoSessionError ? { reason: error.message } : { error };
    const left = Math.round(this.secondsLeft());
    const fields = {
      ...what,
      source: this.#source.kind,
      failures: this.#failures,
      seconds_left: left,
    };
    const state = left > 0 ? "the one that is there serves on" : "nothing can be signed";
    this.#log.error(fields, `AWS session to sign with could not be renewed; ${state}`);
  }
}
