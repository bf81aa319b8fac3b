/** What the API server says of itself as an issuer of tokens. */
import { describeApiServer } from "./api-server.ts";
import type { Step } from "./step.ts";

export const issuer: Step = {
  name: "issuer",
  how: "the discovery document names the issuer that tokens name",
  async run(cluster, stage) {
    const namespace = await cluster.namespace("issuer");
    await cluster.serviceAccount(namespace, "reader");
    const server = await describeApiServer(cluster.kubectl);
    const token = await cluster.token({ namespace, serviceAccount: "reader", audiences: ["aux"] });
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const isSame = server.issuer === claims.iss;
    stage.check("issuer", "one name", isSame, "1 token", `${server.issuer}, ${claims.iss}`);
  },
};
