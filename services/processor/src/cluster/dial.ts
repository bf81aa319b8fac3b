/** Connections to ports of pods. */
import { connect, type Socket } from "node:net";
import type { CallOptions } from "./cluster.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Pod } from "./objects.ts";

const DIAL_MS = 5000;

/**
 * @throws ClusterError `not_started` while it has no address, `port_closed`, `unavailable` when nobody
 * answers there; an aborted one the signal's reason.
 */
export function dialPod(
  { metadata, status }: Pod,
  port: number,
  { timeoutMs = DIAL_MS, signal }: CallOptions = {},
): Promise<Socket> {
  const { name } = metadata;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    if (status.podIP === "") {
      throw new ClusterError("not_started", `The Pod ${name} has no address yet.`);
    }
    const socket = connect({ host: status.podIP, port, noDelay: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      socket.removeAllListeners();
    };
    const fail = (error: unknown) => {
      settle();
      // what comes late is told to nobody
      socket.on("error", () => {}).destroy();
      reject(error);
    };
    const silent = () =>
      fail(new ClusterError("unavailable", `Nobody answers on port ${port} of the Pod ${name}.`));
    const abort = () => fail(signal?.reason);
    const timer = setTimeout(silent, timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => {
      if (code !== "ECONNREFUSED") return silent();
      fail(new ClusterError("port_closed", `Nothing listens on port ${port} of the Pod ${name}.`));
    });
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}
