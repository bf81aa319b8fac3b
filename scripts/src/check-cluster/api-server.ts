/** The cluster's API server as processes beside the cluster see it: address, CA, and issuer of tokens. */
import { once } from "node:events";
import { type ConnectionOptions, connect } from "node:tls";
import * as z from "zod";
import type { Kubectl } from "./kubectl.ts";

export interface ApiServer {
  /** Where the kubeconfig says that it is. */
  readonly url: string;
  /** PEM; undefined where the kubeconfig relies on the CAs of the system. */
  readonly ca: string | undefined;
  /** As its tokens name it. */
  readonly issuer: string;
  /** Whether the issuer is this very server, under its name inside the cluster. */
  readonly isItsOwnIssuer: boolean;
}

const Config = z.object({
  clusters: z.tuple([
    z.object({
      cluster: z.object({
        server: z.url(),
        "certificate-authority-data": z.base64().optional(),
        "insecure-skip-tls-verify": z.boolean().optional(),
      }),
    }),
  ]),
});
const Discovery = z.object({ issuer: z.url() });

export async function describeApiServer(kubectl: Kubectl): Promise<ApiServer> {
  const view = ["config", "view", "--raw", "--minify", "--flatten", "--output=json"];
  const [{ cluster }] = Config.parse(JSON.parse(await kubectl(view))).clusters;
  const path = "/.well-known/openid-configuration";
  const { issuer } = Discovery.parse(JSON.parse(await kubectl(["get", "--raw", path])));
  const data = cluster["certificate-authority-data"];
  const ca = data === undefined ? undefined : Buffer.from(data, "base64").toString();
  return {
    url: cluster.server.replace(/\/$/, ""),
    // who believes any certificate believes this one
    ca: cluster["insecure-skip-tls-verify"] ? await shownChain(cluster.server) : ca,
    issuer,
    isItsOwnIssuer: /^kubernetes(?:\.|$)/.test(new URL(issuer).hostname),
  };
}

/** The certificates that a server shows, its CA hopefully among them. */
async function shownChain(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const options: ConnectionOptions = {
    host: hostname,
    port: Number(port || 443),
    rejectUnauthorized: false,
  };
  const socket = connect(options);
  await once(socket, "secureConnect");
  const chain: string[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && chain.length < 10) {
    chain.push(next.toString());
    next = next.issuerCertificate;
  }
  socket.destroy();
  return chain.join("");
}
