/** What Prometheus learns of tunnels that have ended. */
import type { Metrics } from "@airlock/http";
import { Counter } from "prom-client";

export interface TunnelMetrics {
  ended(sentBytes: number, receivedBytes: number, code: number): void;
}

/** Clients may close with any code. */
const CODES: ReadonlySet<number> = new Set([1000, 1001, 1005, 1006, 1009, 1011, 4403, 4404]);

export function tunnelMetrics({ registry }: Pick<Metrics, "registry">): TunnelMetrics {
  const registers = [registry];
  const tunnels = new Counter({
    name: "airlock_tunnels_total",
    help: "Tunnels that have ended, by the code of the close frame (1006: there was none).",
    labelNames: ["code"],
    registers,
  });
  const bytes = new Counter({
    name: "airlock_tunnel_bytes_total",
    help: "Bytes of tunnels that have ended, by direction (sent, received), as their clients see it.",
    labelNames: ["direction"],
    registers,
  });
  return {
    ended(sentBytes, receivedBytes, code) {
      tunnels.labels(CODES.has(code) ? String(code) : "other").inc();
      bytes.labels("sent").inc(sentBytes);
      bytes.labels("received").inc(receivedBytes);
    },
  };
}
