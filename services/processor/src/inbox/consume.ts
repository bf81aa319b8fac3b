/** Reads a queue of orders and carries them out, as many at once as were read; what keeps failing is set aside. */
import { traceIdOf } from "@airlock/http";
import {
  faultOrder,
  type HeldOrder,
  type MessagePlace,
  type Order,
  readOrders,
  type Store,
  StoreError,
} from "@airlock/jobs-store";
import type { Log } from "../log.ts";
import { wordsOf } from "../loop.ts";
import { inRounds } from "./rounds.ts";

export interface ConsumeOptions<Kind extends Order> {
  readonly store: Store;
  readonly queue: string;
  /** So long an order that was read is nobody else's. */
  readonly holdSeconds: number;
  readonly log: Log;
  readonly onOrders?: OnOrders | undefined;
  /** Undefined for what is no order. */
  readonly read: (message: unknown, place: MessagePlace) => Kind | undefined;
  /** The row that an order is about: its orders are carried out in their order. */
  readonly about: (order: Kind) => string;
  /** All of one action, none about the same row as another. @returns how many were held still. */
  readonly apply: (action: Kind["action"], orders: readonly HeldOrder<Kind>[]) => Promise<number>;
}

export type OnOrders = (
  action: Order["action"] | "unknown",
  outcome: OrderOutcome,
  count: number,
) => void;

/** lost: somebody else holds it by now. */
export type OrderOutcome = "done" | "faulted" | "dead" | "lost";

const BATCH = 50;
const DEAD_AT_FAULTS = 5;
/** Whoever reads it dies of it, or never gets to it. */
const DEAD_AT_READS = 25;

/**
 * @returns true when there may be more.
 * @throws StoreError when the database is away: what was read comes back by itself.
 */
export type ReadInbox = () => Promise<boolean>;

export function consume<Kind extends Order>(options: ConsumeOptions<Kind>): ReadInbox {
  const { store, queue, holdSeconds, log, onOrders = () => {} } = options;
  type Action = Kind["action"];
  type Held = HeldOrder<Kind>;

  const fault = async (
    { messageId, readCount, traceId }: Omit<Held, "order">,
    action: Action | "unknown",
    words: string,
  ) => {
    const counted = await faultOrder(store.pool, {
      queue,
      messageId,
      readCount,
      fault: words,
      deadAt: readCount >= DEAD_AT_READS ? 1 : DEAD_AT_FAULTS,
    });
    const outcome = counted === undefined ? "lost" : counted.isDead ? "dead" : "faulted";
    onOrders(action, outcome, 1);
    if (counted === undefined) return;
    const about = { msg_id: messageId, action, trace_id: traceId };
    log.warn({ ...about, fault: words, ...counted }, "an order failed");
  };
  const apply = async (action: Action, orders: readonly Held[]) => {
    const archived = await options.apply(action, orders);
    onOrders(action, "done", archived);
    if (archived < orders.length) onOrders(action, "lost", orders.length - archived);
  };
  /** What somebody keeps locked: orders about it come back by themselves, in their order. */
  let locked = new Set<string>();
  const applySingly = async (action: Action, order: Held) => {
    try {
      await apply(action, [order]);
    } catch (error) {
      if (isLocked(error)) return void locked.add(options.about(order.order));
      if (isAway(error)) throw error;
      await fault(order, action, wordsOf(error));
    }
  };
  const applyTogether = async (action: Action, orders: readonly Held[]) => {
    try {
      await apply(action, orders);
    } catch (error) {
      if (isAway(error) && !isLocked(error)) throw error;
      // one of them is bad, and the others need not suffer
      for (const order of orders) await applySingly(action, order);
    }
  };

  return async () => {
    const read = await readOrders(store.pool, { queue, limit: BATCH, seconds: holdSeconds });
    const held: Held[] = [];
    locked = new Set();
    for (const message of read) {
      const { msg_id: messageId, read_ct: readCount, traceparent } = message;
      const traceId = traceparent === null ? undefined : traceIdOf(traceparent);
      const taken = { messageId, readCount, traceId };
      const order = options.read(message.message, { queue, messageId });
      if (order === undefined) await fault(taken, "unknown", "it is no order");
      else if (readCount >= DEAD_AT_READS) {
        await fault(taken, order.action, `it was read ${readCount} times and never carried out`);
      } else {
        held.push({ ...taken, order });
        const job = "job_id" in order ? order.job_id : undefined;
        const { action, order_id } = order;
        log.info(
          { msg_id: messageId, action, order_id, job, trace_id: traceId },
          "an order is taken up",
        );
      }
    }
    for (const round of inRounds(held, options.about)) {
      for (const [action, all] of round) {
        const orders = all.filter(({ order }) => !locked.has(options.about(order)));
        const fresh = orders.filter(({ readCount }) => readCount === 1);
        if (fresh.length > 0) await applyTogether(action, fresh);
        // who read it before may have died of it
        for (const order of orders) if (order.readCount > 1) await applySingly(action, order);
      }
    }
    return read.length === BATCH;
  };
}

/** Somebody has its row, and kept it for too long: the others need not wait. */
const isLocked = (error: unknown): boolean =>
  error instanceof StoreError && error.sqlState === LOCK_NOT_AVAILABLE;

const LOCK_NOT_AVAILABLE = "55P03";

/** Nothing is known against an order that met no database. */
const isAway = (error: unknown): boolean =>
  error instanceof StoreError && (error.code === "unavailable" || error.code === "unknown_outcome");
