/** Plays EKS Pod Identity's agent on this machine: a session that nobody checks. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const HOURS_MS = 12 * 3_600_000;

export async function startSessionAgent(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((_request, response) => {
    const session = {
      AccessKeyId: "ASIAEXAMPLEEXECUTION",
      SecretAccessKey: "EXAMPLE/nothing/here/is/secret/aaaaaaaaa",
      // as long as AWS's are
      Token: `IQoJlocalEXAMPLE${"ThisTokenIsPublicAndOpensNothing".repeat(30)}`,
      Expiration: new Date(Date.now() + HOURS_MS).toISOString(),
    };
    response.end(JSON.stringify(session));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1/credentials`, close: () => void server.close() };
}
