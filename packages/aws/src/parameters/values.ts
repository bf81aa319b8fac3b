/** Values by name: from the cache, or from SSM in batches. */
import { isSecretReference, type Parameter, ProblemError } from "@airlock/contract";
import { GetParametersCommand } from "@aws-sdk/client-ssm";
import { CLASSES } from "../classes.ts";
import type { ReadCache } from "../read-cache.ts";
import type { Read, ReadOptions } from "../reads.ts";
import { Batcher, type BatcherOptions } from "./batcher.ts";
import { type Reference, referenceFrom } from "./reference.ts";
import type { SsmCalls, Turn } from "./ssm-calls.ts";
import { answersFrom } from "./ssm-wire.ts";
import type { Tree } from "./tree.ts";

/** A read ends by itself before this; its parts have limits of their own. */
const NEVER_MS = 60_000;
/** Refreshes share the slots that are left over under this name. */
const REFRESH = "refresh";

export interface ValuesOptions {
  readonly calls: SsmCalls;
  readonly cache: ReadCache<Parameter | Tree>;
  readonly perSecond: () => number;
  readonly now: () => number;
}

/** One form of all values, decrypted or as they are stored; each has entries of its own. */
export class Values {
  readonly #cache: ReadCache<Parameter | Tree>;
  readonly #batcher: Batcher;
  readonly #prefix: string;
  readonly #decrypt: boolean;

  constructor({ calls, cache, perSecond, now }: ValuesOptions, decrypt: boolean) {
    this.#cache = cache;
    this.#decrypt = decrypt;
    this.#prefix = decrypt ? "decrypted " : "encrypted ";
    const topUp = (free: number) => this.#refreshRipe(free);
    this.#batcher = batcherOf({ calls, perSecond, now, topUp }, "value", decrypt);
  }

  /** @param turnMs longest wait for a turn. @throws ProblemError */
  async read(
    reference: Reference,
    options: ReadOptions,
    turnMs: number = CLASSES.value.turnMs,
  ): Promise<Read<Parameter>> {
    if (!this.#decrypt && isSecretReference(reference.name)) throw onlyDecrypted();
    const { caller = "", revalidate, signal } = options;
    const fetch = () => this.#batcher.ask(reference, caller, turnMs);
    const reader = { revalidate, signal, limitMs: NEVER_MS };
    return this.#cache.read(this.#prefix + reference.text, fetch, reader);
  }

  /** SSM has another version of this by now. */
  outdate(name: string): void {
    this.#cache.outdate(this.#prefix + name);
  }

  #refreshRipe(free: number): void {
    for (const key of this.#cache.ripe(this.#prefix, free)) {
      const reference = referenceFrom(key.slice(this.#prefix.length));
      this.#cache.refresh(key, () => this.#batcher.ask(reference, REFRESH, CLASSES.value.turnMs));
    }
  }
}

/** What asks SSM for values, ten at a time. */
export function batcherOf(
  options: Pick<ValuesOptions, "calls" | "perSecond" | "now"> & Pick<BatcherOptions, "topUp">,
  name: "value" | "wait",
  decrypt: boolean,
): Batcher {
  const { calls, perSecond, now, topUp } = options;
  // one call is for several callers
  const turn: Turn = { class: name, owner: decrypt ? "decrypted" : "encrypted" };
  return new Batcher({
    now,
    perSecond,
    turn: () => calls.turn(turn),
    estimateMs: (count) => calls.estimateMs(turn, count),
    send: (references) => fetchValues(calls, turn, references, decrypt),
    topUp,
  });
}

async function fetchValues(
  calls: SsmCalls,
  turn: Turn,
  references: readonly Reference[],
  decrypt: boolean,
): Promise<Map<string, Parameter | ProblemError>> {
  const answer = await calls.make("ssm.GetParameters", turn, (ssm, options) =>
    ssm.send(
      new GetParametersCommand({
        Names: references.map(({ text }) => text),
        WithDecryption: decrypt,
      }),
      options,
    ),
  );
  return answersFrom(answer, references);
}

/** SSM would say that there is none. */
const onlyDecrypted = () =>
  new ProblemError(
    "aws_rejected_request",
    "A secret of Secrets Manager cannot be read without decrypting it.",
  );
