/** Between readers and the gateway, somebody who has their places wrong: judges of readers must find him out. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Stage } from "../scenario.ts";

/** `forgets` begins anew each time; `skips` takes one event for known that is not. */
export type Mistake = "forgets" | "skips";

export async function startForgetfulRelay(
  stage: Stage,
  target: string,
  mistake: Mistake,
): Promise<{ readonly url: string; cut(): void }> {
  const server: Server = createServer((asked, answer) => {
    const { "last-event-id": last, host: _, ...headers } = asked.headers;
    const told =
      last === undefined || mistake === "forgets"
        ? {}
        : { "last-event-id": String(Number(last) + 1) };
    const passed = request(target + asked.url, { headers: { ...headers, ...told }, agent: false });
    passed.on("error", () => answer.destroy());
    passed.once("response", (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.on("error", () => {}).pipe(answer);
    });
    answer.once("close", () => passed.destroy());
    passed.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, cut: () => server.closeAllConnections() };
}
