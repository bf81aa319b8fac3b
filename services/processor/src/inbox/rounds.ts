/** Orders in groups that one statement can carry out, each row's in their order. */
import type { HeldOrder, Order } from "@airlock/jobs-store";

type Round<Kind extends Order> = Map<Kind["action"], HeldOrder<Kind>[]>;

/** @param orders the oldest first. No round has two about one row. */
export function inRounds<Kind extends Order>(
  orders: readonly HeldOrder<Kind>[],
  about: (order: Kind) => string,
): Round<Kind>[] {
  const rounds: Round<Kind>[] = [];
  const had = new Map<string, number>();
  for (const held of orders) {
    const { action } = held.order;
    const row = about(held.order);
    const number = had.get(row) ?? 0;
    had.set(row, number + 1);
    const round: Round<Kind> = rounds[number] ?? new Map();
    rounds[number] = round;
    const group = round.get(action) ?? [];
    round.set(action, [...group, held]);
  }
  return rounds;
}
