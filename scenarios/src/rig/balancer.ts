/** A small TCP load balancer: round robin over backends that come and go. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Stage } from "../scenario.ts";
import { sleep } from "./waiting.ts";

export interface Backend {
  readonly port: number;
}

interface Member extends Backend {
  /** Health checks say that it answers. */
  isHealthy: boolean;
  /** Gets nothing from then on; by the clock, for a timer may be late. */
  endsAt: number;
}

/**
 * Knows connections, not requests, like the balancers in front of pods: a connection that was made
 * stays with its backend, even when that backend has been taken out.
 */
export class Balancer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #members: Member[] = [];
  #turn = 0;

  constructor() {
    // a half-closed connection is passed on half closed
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#pass(client),
    );
  }

  static async start(stage: Stage): Promise<Balancer> {
    const balancer = new Balancer();
    await new Promise<void>((resolve) => balancer.#server.listen(0, "127.0.0.1", resolve));
    stage.defer(() => balancer.#close());
    return balancer;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    return `http://127.0.0.1:${address.port}`;
  }

  add({ port }: Backend): void {
    this.#members.push({ port, isHealthy: true, endsAt: Number.POSITIVE_INFINITY });
  }

  remove({ port }: Backend): void {
    this.#members = this.#members.filter((member) => member.port !== port);
  }

  /** Goes on sending to a backend for a while, as a cluster does that learns late. */
  async removeAfter(backend: Backend, delayMs: number): Promise<void> {
    const member = this.#members.find(({ port }) => port === backend.port);
    if (member) member.endsAt = performance.now() + delayMs;
    await sleep(delayMs);
    this.remove(backend);
  }

  /** Asks each backend every so often; one that does not answer gets no new connections. */
  watch(stage: Stage, isAlive: (port: number) => Promise<boolean>, everyMs: number): void {
    const timer = setInterval(() => {
      for (const member of this.#members) {
        isAlive(member.port).then(
          (healthy) => {
            member.isHealthy = healthy;
          },
          () => {
            member.isHealthy = false;
          },
        );
      }
    }, everyMs);
    stage.defer(() => clearInterval(timer));
  }

  #next(): Member | undefined {
    for (let tries = 0; tries < this.#members.length; tries++) {
      const member = this.#members[this.#turn++ % this.#members.length];
      if (member?.isHealthy && performance.now() < member.endsAt) return member;
    }
    return undefined;
  }

  #pass(client: Socket): void {
    const member = this.#next();
    if (!member) {
      client.on("error", () => {}).resetAndDestroy();
      return;
    }
    const backend = connect({
      port: member.port,
      host: "127.0.0.1",
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#join(client, backend);
    this.#join(backend, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => {
      this.#sockets.delete(from);
      if (!from.readableEnded) to.destroy();
    });
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
