/** `gpu-dev admin dead-orders …`: orders that failed five times. */
import type { DeadOrders, DeadOrdersChanged } from "@airlock/contract";
import { usageError } from "../../cli-error.ts";
import { command, JSON_FLAG } from "../../command.ts";
import type { Context } from "../../context.ts";
import { type Column, table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { confirm, YES_FLAG } from "./confirm.ts";
import { allPages } from "./pages.ts";

type DeadOrder = DeadOrders["dead_orders"][number];

const columns = (now: number): readonly Column<DeadOrder>[] => [
  { title: "ID", text: ({ dead_id }) => dead_id },
  { title: "QUEUE", text: ({ queue }) => queue, rank: 3 },
  { title: "ORDER", text: ({ action }) => action ?? "" },
  { title: "JOB", text: ({ job_id }) => job_id ?? "" },
  { title: "ASKED", text: ({ enqueued_at }) => relative(enqueued_at, now), rank: 4 },
  { title: "DEAD", text: ({ died_at }) => relative(died_at, now), rank: 2 },
  { title: "LAST FAULT", text: ({ last_fault }) => last_fault, rank: 1 },
];

export const deadOrdersList = command({
  name: "admin dead-orders list",
  about: "list orders that failed five times",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output, clock } = context;
    const api = await context.api();
    const of = (page: DeadOrders) => page.dead_orders;
    const dead_orders = await allPages(api, "/v1/admin/dead-orders", {}, of);
    if (flags.json) return void output.json({ dead_orders, total: dead_orders.length });
    output.print(...table(columns(clock.now()), dead_orders, output.width));
  },
});

const IDS = [{ name: "ID", isOptional: true, many: true }] as const;
const FLAGS = { all: { about: "all of them" }, ...YES_FLAG, ...JSON_FLAG } as const;

interface Asked {
  readonly flags: { readonly all: boolean; readonly yes: boolean; readonly json: boolean };
  readonly operands: readonly string[];
}

async function change(
  verb: "redrive" | "drop",
  question: string,
  done: string,
  { flags, operands: ids }: Asked,
  context: Context,
): Promise<void> {
  if (ids.length > 0 === flags.all) throw usageError("Say which: IDs, or --all.");
  if (ids.some((id) => !/^\d{1,18}$/.test(id))) {
    throw usageError("IDs are numbers, as `gpu-dev admin dead-orders list` tells them.");
  }
  const which = flags.all ? "all dead orders" : `${ids.length} of the dead orders`;
  const usage = `gpu-dev admin dead-orders ${verb} ${flags.all ? "--all" : ids.join(" ")}`;
  await confirm(flags.yes, `${question} ${which}?`, usage, context);
  const api = await context.api();
  const body = flags.all ? { all: true } : { ids };
  const answer = await api.post<DeadOrdersChanged>(`/v1/admin/dead-orders/${verb}`, body);
  if (flags.json) return void context.output.json(answer);
  context.output.note(`${answer.count} ${done}.`);
}

export const deadOrdersRedrive = command({
  name: "admin dead-orders redrive",
  about: "send dead orders again, once what was wrong is mended",
  operands: IDS,
  flags: FLAGS,
  run: async (given, context) =>
    void (await change("redrive", "Send again", "sent again", given, context)),
});

export const deadOrdersDrop = command({
  name: "admin dead-orders drop",
  about: "forget dead orders: what they asked for is never done",
  operands: IDS,
  flags: FLAGS,
  run: async (given, context) => void (await change("drop", "Forget", "dropped", given, context)),
});
