/** `gpu-dev status`: the whole cluster. */
import type { ClusterStatus } from "@airlock/contract";
import { command, JSON_FLAG } from "../command.ts";
import type { Output } from "../output/output.ts";
import { facts } from "../output/table.ts";
import { availabilityTable } from "./avail.ts";
import { pauseMsOf, WATCH_FLAGS, watch } from "./watch.ts";

export const status = command({
  name: "status",
  about: "show the cluster: its GPUs, and everybody's jobs by state",
  flags: { ...JSON_FLAG, ...WATCH_FLAGS },
  async run({ flags }, context) {
    const { output } = context;
    const api = await context.api();
    const pauseMs = pauseMsOf(flags.interval);
    const read = () => api.get<ClusterStatus>("/v1/cluster/status");
    if (!flags.watch) {
      const found = await read();
      if (flags.json) return void output.json(found);
      output.print(...statusLines(found, output));
      return;
    }
    return await watch(
      async () => {
        const found = await read();
        if (flags.json) output.jsonLine(found);
        else output.redraw(statusLines(found, output));
      },
      pauseMs,
      context,
    );
  },
});

function statusLines(found: ClusterStatus, output: Output): string[] {
  const { known, total_gpus, available_gpus, in_use_gpus, queued_gpus } = found;
  const waiting = found.queued_reservations + found.pending_reservations;
  return [
    ...facts([
      [
        "gpus",
        known ? `${available_gpus} of ${total_gpus} free, ${in_use_gpus} in use` : "not known yet",
      ],
      ["waited for", String(queued_gpus)],
      [
        "jobs",
        `${found.active_reservations} active, ${found.preparing_reservations} preparing, ${waiting} waiting`,
      ],
    ]),
    "",
    ...availabilityTable(Object.values(found.by_gpu_type), output),
  ];
}
