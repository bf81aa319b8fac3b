/** A steady stream of requests, each with an id of its own, whose answers are checked one by one. */
import type { Agent } from "node:http";
import { ask, keepAlive } from "./ask.ts";
import { Ledger } from "./ledger.ts";
import { plantedName, plantedValue } from "./pair.ts";
import { seededRandom } from "./random.ts";
import { sleep } from "./waiting.ts";

export interface LoadOptions {
  readonly url: string;
  readonly perSecond: number;
  /** How many planted parameters there are to ask for. */
  readonly parameters?: number;
  /** Share of requests on a connection of their own. */
  readonly newConnections?: number;
  /** Share of requests for all buckets. */
  readonly storage?: number;
  /** Asks for the objects of a bucket instead, each time with another prefix: no cache helps. */
  readonly isUncached?: boolean;
  /** Share of requests that the gateway answers by itself: they cost a tenth of the others. */
  readonly own?: number;
  readonly connections?: number;
  /** So many addresses by X-Forwarded-For, for a gateway that believes it; else all are one client. */
  readonly addresses?: number;
  /** How long a client waits. */
  readonly limitMs?: number;
  /** A name before every id, where several loads write one log. */
  readonly prefix?: string;
}

const TICK_MS = 10;

/** Requests come at their pace whether or not earlier ones are answered. */
export class Load {
  readonly ledger = new Ledger();
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #random = seededRandom(1);
  readonly #pending = new Set<Promise<void>>();
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = keepAlive(options.connections ?? 64);
    // a scenario that breaks off does not stop its load, which must not hold the process
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Milliseconds since the load began. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Sends no more, and waits until every request has its outcome. */
  async stop(): Promise<Ledger> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.#agent.destroy();
    await sleep(300); // the services write their logs within a tenth of a second
    return this.ledger;
  }

  #tick(): void {
    const due = Math.floor((this.elapsedMs / 1000) * this.#options.perSecond);
    // what a busy machine missed is made up for, but not all at once
    for (let burst = 0; this.#sent < due && burst < 50; burst++) {
      const one = this.#send(this.#sent++).finally(() => this.#pending.delete(one));
      this.#pending.add(one);
    }
  }

  async #send(number: number): Promise<void> {
    const { url, newConnections = 0.1, prefix = "r", addresses } = this.#options;
    const id = `${prefix}-${number}`;
    const { path, isRight } = this.#choose();
    const startedAtMs = this.elapsedMs;
    this.ledger.open(id);
    const { status, headers, body, tookMs, error, isRepeated } = await ask(url, path, {
      headers: {
        "x-request-id": id,
        ...(addresses !== undefined && { "x-forwarded-for": `192.0.2.${number % addresses}` }),
      },
      limitMs: this.#options.limitMs ?? 30_000,
      ...(!this.#random.chance(newConnections) && { agent: this.#agent }),
    });
    this.ledger.close({
      id,
      path,
      startedAtMs,
      status,
      tookMs,
      isRepeated,
      hasRetryAfter: headers["retry-after"] !== undefined,
      isRight: headers["x-request-id"] === id && isRight(body),
      ...(error !== undefined && { error }),
      ...(status >= 400 && { code: /"code":"(\w+)"/.exec(body)?.[1] ?? "none" }),
    });
  }

  #choose(): { path: string; isRight: (body: string) => boolean } {
    const { parameters = 200, storage = 0.02, own = 0 } = this.#options;
    if (this.#options.isUncached) return uncachedList(this.#sent);
    const index = this.#random.below(parameters);
    if (this.#random.chance(own)) return { path: "/health", isRight: isHealth };
    if (this.#random.chance(storage)) return { path: "/storage", isRight: isBucketList };
    return {
      path: `/config/${plantedName(index)}`,
      isRight: (body) => isParameter(body, index),
    };
  }
}

export function isParameter(body: string, index: number): boolean {
  const { name, value } = parsed(body);
  return name === plantedName(index) && value === plantedValue(index);
}

function parsed(body: string): { name?: unknown; value?: unknown } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

/** A list that nobody has asked for before, which needs one call to S3. */
export const uncachedList = (number: number) => ({
  path: `/storage/airlock-data-dev?prefix=none-${number}`,
  isRight: (body: string) => body.startsWith('{"objects":[],"prefixes":[],"next_cursor":null}'),
});

function isBucketList(body: string): boolean {
  return body.startsWith('{"count":3,"buckets":[{"name":"airlock-');
}

const isHealth = (body: string): boolean =>
  body.startsWith('{"status":"healthy","service":"gateway"');
