/** The process on the load's core: the upstream, and the load that the parent asks for by message. */
import type { AddressInfo } from "node:net";
import { runLoad, type SlotResult } from "./run-load.ts";
import { runRate } from "./run-rate.ts";
import type { Slot } from "./slot.ts";
import { createUpstream } from "./upstream.ts";

export type Message =
  | { readonly upstreamPort: number }
  | { readonly result: SlotResult }
  | { readonly failure: string };

const tell = (message: Message) => process.send?.(message);

process.on("message", (slot: Slot) => {
  const { perSecond } = slot;
  const run = perSecond === undefined ? runLoad(slot) : runRate({ ...slot, perSecond });
  run.then(
    (result) => tell({ result }),
    (error: Error) => tell({ failure: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));

const upstream = createUpstream();
upstream.listen(0, "127.0.0.1", () => {
  tell({ upstreamPort: (upstream.address() as AddressInfo).port });
});
