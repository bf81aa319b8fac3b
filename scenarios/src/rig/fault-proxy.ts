/** A TCP proxy on the way between two services, which spoils what passes. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Stage } from "../scenario.ts";

/** `afterBytes` counts the bytes of the answer to one request. */
export type LinkFault =
  | { readonly kind: "none" }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  | { readonly kind: "reset"; readonly afterBytes: number; readonly count?: number }
  | { readonly kind: "cut"; readonly afterBytes: number }
  | { readonly kind: "half-close"; readonly afterBytes: number }
  | { readonly kind: "black-hole" };

const TICK_MS = 20;

export class FaultProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #fault: LinkFault = { kind: "none" };
  #left = Number.POSITIVE_INFINITY;

  constructor(targetPort: number) {
    this.#target = targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#pass(client),
    );
  }

  static async start(stage: Stage, targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    stage.defer(() => {
      for (const socket of proxy.#sockets) socket.destroy();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return `http://127.0.0.1:${address.port}`;
  }

  /** From now on, also on connections that are there already. */
  set(fault: LinkFault): void {
    this.#fault = fault;
    this.#left = fault.kind === "reset" ? (fault.count ?? Number.POSITIVE_INFINITY) : 0;
  }

  #pass(client: Socket): void {
    const backend = connect({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true });
    let answered = 0;
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("end", () => to.end());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => {
      answered = 0;
      if (this.#fault.kind !== "black-hole") backend.write(bytes);
    });
    backend.on("data", (bytes: Buffer) => {
      const before = answered;
      answered += bytes.length;
      this.#answer(client, bytes, before);
    });
  }

  #answer(client: Socket, bytes: Buffer, before: number): void {
    const fault = this.#fault;
    switch (fault.kind) {
      case "none":
        client.write(bytes);
        return;
      case "black-hole":
        return;
      case "delay":
        setTimeout(() => client.writable && client.write(bytes), fault.ms);
        return;
      case "throttle":
        this.#trickle(client, bytes, fault.bytesPerSecond);
        return;
      default: {
        const room = fault.afterBytes - before;
        if (bytes.length <= room || (fault.kind === "reset" && this.#left <= 0)) {
          client.write(bytes);
          return;
        }
        this.#left--;
        const last = bytes.subarray(0, Math.max(0, room));
        // the bytes before a reset must leave, or the kernel drops them with it
        client.write(last, () => {
          if (fault.kind === "reset") client.resetAndDestroy();
          else if (fault.kind === "cut") client.destroy();
          else client.end();
        });
      }
    }
  }

  #trickle(client: Socket, bytes: Buffer, bytesPerSecond: number): void {
    const step = Math.max(1, Math.round((bytesPerSecond * TICK_MS) / 1000));
    let sent = 0;
    const timer = setInterval(() => {
      if (sent >= bytes.length || !client.writable) return clearInterval(timer);
      client.write(bytes.subarray(sent, sent + step));
      sent += step;
    }, TICK_MS);
  }
}
