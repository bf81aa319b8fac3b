/** `gpu-dev avail`: GPUs by type. */
import type { Availability, GpuAvailability } from "@airlock/contract";
import { command, JSON_FLAG } from "../command.ts";
import { fitted, type Output } from "../output/output.ts";
import { type Column, table } from "../output/table.ts";
import { pauseMsOf, WATCH_FLAGS, watch } from "./watch.ts";

export const avail = command({
  name: "avail",
  aliases: ["availability"],
  about: "show which GPUs are free",
  flags: { ...JSON_FLAG, ...WATCH_FLAGS },
  async run({ flags }, context) {
    const { output } = context;
    const api = await context.api();
    const pauseMs = pauseMsOf(flags.interval);
    const read = () => api.get<Availability>("/v1/gpu/availability");
    if (!flags.watch) {
      const found = await read();
      if (flags.json) return void output.json(found);
      output.print(...availabilityTable(Object.values(found.availability), output));
      return;
    }
    return await watch(
      async () => {
        const found = await read();
        if (flags.json) output.jsonLine(found);
        else output.redraw(availabilityTable(Object.values(found.availability), output));
      },
      pauseMs,
      context,
    );
  },
});

const count =
  (pick: (one: GpuAvailability) => number) =>
  (one: GpuAvailability): string =>
    one.known ? String(pick(one)) : "?";

const columns = ({ paint }: Output): readonly Column<GpuAvailability>[] => [
  { title: "TYPE", text: ({ gpu_type }) => gpu_type },
  {
    title: "FREE",
    isNumber: true,
    text: count(({ available }) => available),
    paint: (text, { available }) => paint(available > 0 ? "green" : "dim", text),
  },
  { title: "OF", isNumber: true, text: count(({ total }) => total) },
  { title: "WAITED FOR", isNumber: true, text: ({ queued }) => String(queued), rank: 1 },
  { title: "PER NODE", isNumber: true, text: count(({ max_per_node }) => max_per_node), rank: 2 },
  { title: "MACHINE", text: ({ instance_type }) => instance_type, rank: 3 },
];

/** Those that have nodes first. */
export function availabilityTable(types: readonly GpuAvailability[], output: Output): string[] {
  if (types.length === 0) return ["There are no GPU types here."];
  const rank = ({ known, total }: GpuAvailability) => (known && total > 0 ? 0 : 1);
  const sorted = types.toSorted(
    (a, b) => rank(a) - rank(b) || a.gpu_type.localeCompare(b.gpu_type, "en", { numeric: true }),
  );
  if (types.every(({ known }) => !known)) {
    return [...table(columns(output), sorted, output.width), "No nodes have been seen yet."];
  }
  // whoever looks wants to know what there is; programs get a line for each type
  const shown = output.isTerminal ? sorted.filter((type) => rank(type) === 0) : sorted;
  const others = sorted.filter((type) => !shown.includes(type)).map(({ gpu_type }) => gpu_type);
  const more = others.length > 0 ? [fitted(`No nodes: ${others.join(", ")}`, output)] : [];
  return [...table(columns(output), shown, output.width), ...more];
}
