/** An upstream that sends half of a 60 KB answer and holds the rest back until it is let go. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stage } from "../scenario.ts";

const HALF = Buffer.alloc(30_000, "x");

export interface HeldUpstream {
  readonly url: string;
  /** Answers of which half is sent. */
  readonly held: ReadonlySet<ServerResponse>;
  /** Requests for other than held names, answered at once. */
  requests: number;
  /** Sends the other halves. */
  letGo(): void;
}

/** Names below `/parameters/held/` are held, all others answered at once. */
export async function startHeldUpstream(stage: Stage): Promise<HeldUpstream> {
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    if (!request.url?.startsWith("/parameters/held/")) {
      upstream.requests++;
      response.setHeader("content-type", "application/json").end('{"name":"x","value":"y"}');
      return;
    }
    held.add(response);
    response.on("close", () => held.delete(response));
    response.writeHead(200, { "content-type": "application/json", "content-length": 60_000 });
    response.write(HALF);
  });
  const upstream = {
    url: "",
    held,
    requests: 0,
    letGo() {
      for (const response of held) response.end(HALF);
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stage.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return upstream;
}
