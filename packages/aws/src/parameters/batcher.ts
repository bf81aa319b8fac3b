/** Single reads that arrive together travel together: one call of SSM takes ten names. */
import type { Parameter, ProblemError } from "@airlock/contract";
import { LRUCache } from "lru-cache";
import { isOutage, translateAwsError } from "../errors.ts";
import { FairQueue } from "../fair-queue.ts";
import { ArrivalRate } from "./arrival-rate.ts";
import { budgetExhausted } from "./budget.ts";
import type { Reference } from "./reference.ts";

/** The most names of one GetParameters. */
export const MAX_NAMES = 10;
/** A batch waits for company so long when little is asked for, and when much is. */
const SHORT_WINDOW_MS = 5;
const LONG_WINDOW_MS = 250;
/** The window grows so that batches use up no more than this share of the budget. */
const BUDGET_SHARE = 0.4;
const MAX_LONERS = 1000;
/** Longest wait beside their own for the turns of those that were refused together. */
const SPLIT_MS = 1000;

export interface BatcherOptions {
  /** Waits for the turn of one call. */
  readonly turn: () => Promise<void>;
  /** Milliseconds until so many calls more would have been made. */
  readonly estimateMs: (calls: number) => number;
  /** Calls a second that the budget allows now. */
  readonly perSecond: () => number;
  /** Asks SSM for these, in a turn that has come; what the answer says of each, by its text. */
  readonly send: (
    references: readonly Reference[],
  ) => Promise<ReadonlyMap<string, Parameter | ProblemError>>;
  /** May ask for so many more, that fill a batch which is about to be sent. */
  readonly topUp: (free: number) => void;
  readonly now: () => number;
}

interface Asked {
  readonly reference: Reference;
  readonly owner: string;
  readonly answer: PromiseWithResolvers<Parameter>;
  /** When waiting for turns is in vain, by the options' clock. */
  readonly endsAt: number;
  /** Travels with those of its group and nobody else: it was refused, or somebody beside it was. */
  group: symbol | undefined;
  timer?: NodeJS.Timeout;
}

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #asked = new FairQueue<Asked>();
  readonly #arrivals: ArrivalRate;
  /** Names that SSM refuses, and all others of their call with them. */
  readonly #loners = new LRUCache<string, true>({ max: MAX_LONERS });
  #window: NodeJS.Timeout | undefined;
  #isTurnAwaited = false;
  #isToppingUp = false;

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#arrivals = new ArrivalRate(options.now);
  }

  /**
   * @param owner who asks; the slots of batches go to all owners in turn.
   * @param limitMs longest wait until the batch is sent.
   * @throws ProblemError parameter_not_found; aws_budget_exhausted, at once when there is no hope;
   * and what the call gave.
   */
  ask(reference: Reference, owner: string, limitMs: number): Promise<Parameter> {
    const estimateMs = this.#estimateMs(owner);
    if (estimateMs > limitMs) return Promise.reject(budgetExhausted(estimateMs));
    const answer = Promise.withResolvers<Parameter>();
    const endsAt = this.#options.now() + limitMs + SPLIT_MS;
    const group = this.#loners.has(reference.text) ? Symbol(reference.text) : undefined;
    this.#enqueue({ reference, owner, answer, endsAt, group }, limitMs);
    if (this.#isToppingUp) return answer.promise;
    this.#arrivals.note();
    if (this.#asked.size >= MAX_NAMES) this.#awaitTurn();
    else this.#window ??= setTimeout(() => this.#awaitTurn(), this.#windowMs());
    return answer.promise;
  }

  #enqueue(asked: Asked, limitMs: number): void {
    const { owner, answer } = asked;
    asked.timer = setTimeout(() => {
      this.#asked.remove(owner, asked);
      answer.reject(budgetExhausted(this.#estimateMs(owner)));
    }, limitMs);
    this.#asked.push(owner, asked);
  }

  #estimateMs(owner: string): number {
    const batchesAhead = Math.floor(this.#asked.ahead(owner) / MAX_NAMES);
    return this.#options.estimateMs(batchesAhead + (this.#isTurnAwaited ? 0 : 1));
  }

  /** With `r` names a second, a window of `w` seconds makes r / (1 + r·w) calls a second. */
  #windowMs(): number {
    const target = this.#options.perSecond() * BUDGET_SHARE;
    const wantedMs = 1000 / target - 1000 / this.#arrivals.perSecond;
    return Math.min(LONG_WINDOW_MS, Math.max(SHORT_WINDOW_MS, wantedMs));
  }

  #awaitTurn(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    void this.#options.turn().then(() => {
      this.#isTurnAwaited = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const batch = this.#nextBatch();
    if (batch.length > 0) void this.#send(batch);
    if (this.#asked.size > 0) this.#awaitTurn();
  }

  /** Each name once, for SSM refuses a call that has one twice. */
  #nextBatch(): Asked[] {
    const batch: Asked[] = [];
    const names = new Set<string>();
    const take = (fits?: (asked: Asked) => boolean) => {
      const asked = this.#asked.take(fits);
      if (!asked) return false;
      clearTimeout(asked.timer);
      names.add(asked.reference.name);
      return batch.push(asked);
    };
    if (!take()) return batch;
    const group = batch[0]?.group;
    if (group === undefined) this.#topUp(MAX_NAMES - 1 - this.#asked.size);
    const fits = (asked: Asked) => asked.group === group && !names.has(asked.reference.name);
    while (batch.length < MAX_NAMES && take(fits));
    return batch;
  }

  #topUp(free: number): void {
    if (free <= 0) return;
    this.#isToppingUp = true;
    try {
      this.#options.topUp(free);
    } finally {
      this.#isToppingUp = false;
    }
  }

  async #send(batch: readonly Asked[]): Promise<void> {
    try {
      const answers = await this.#options.send(batch.map(({ reference }) => reference));
      for (const { reference, answer } of batch) {
        this.#loners.delete(reference.text);
        const given = answers.get(reference.text);
        if (given && "value" in given) answer.resolve(given);
        else answer.reject(given);
      }
    } catch (error) {
      const problem = translateAwsError(error);
      if (isOutage(problem)) for (const { answer } of batch) answer.reject(problem);
      else this.#refused(batch, problem);
    }
  }

  /** What SSM refuses because of one name is asked again by halves, down to that name. */
  #refused(batch: readonly Asked[], problem: unknown): void {
    const [first, ...others] = batch;
    if (first && others.length === 0) {
      this.#loners.set(first.reference.text, true);
      first.answer.reject(problem);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    for (const half of [batch.slice(0, middle), batch.slice(middle)]) {
      const group = Symbol("half");
      for (const asked of half) {
        asked.group = group;
        this.#enqueue(asked, Math.max(0, asked.endsAt - this.#options.now()));
      }
    }
    this.#awaitTurn();
  }
}
