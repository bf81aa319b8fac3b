/** Stands between a client and an API server, and writes down what was asked and what came of it. */
import { once } from "node:events";
import { createServer } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { Access } from "../../../services/processor/src/cluster/index.ts";
import { type Right, rightOf } from "./request-right.ts";

export interface Recorded {
  readonly right: Right;
  readonly status: number;
}

export interface RecordingProxy {
  /** The same access, by way of this. */
  readonly access: Access;
  readonly requests: readonly Recorded[];
  close(): Promise<void>;
}

/** @param losesAnswer whether what was done is not told: the connection ends instead. */
export async function recordRequests(
  access: Access,
  losesAnswer: (right: Right) => boolean = () => false,
): Promise<RecordingProxy> {
  const { hostname, port } = new URL(access.server);
  const { isUnverified = false, ...tls } = access.tls;
  const requests: Recorded[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const upstream = httpsRequest(
      {
        hostname,
        port: port || 443,
        method,
        path: url,
        headers,
        ...tls,
        rejectUnauthorized: !isUnverified,
      },
      (answer) => {
        const { statusCode: status = 0 } = answer;
        const right = rightOf(method, url);
        if (right !== undefined) {
          requests.push({ right, status });
          if (losesAnswer(right)) return void outgoing.destroy();
        }
        outgoing.writeHead(status, answer.headers);
        // a watch tells nothing before something happens
        outgoing.flushHeaders();
        answer.pipe(outgoing);
        answer.on("error", () => outgoing.destroy());
      },
    );
    upstream.on("error", () => outgoing.destroy());
    outgoing.on("close", () => upstream.destroy());
    incoming.pipe(upstream);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    access: {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      tls: {},
      authorization: access.authorization,
    },
    requests,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
