/** A planted fault: a relay before the API server that takes a pod whose name is taken for something left over, and makes it anew. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Stage } from "../scenario.ts";
import type { JobsCluster } from "./jobs-cluster.ts";

/** The same cluster, reached through the relay. */
export async function throughCarelessRelay<Cluster extends JobsCluster>(
  stage: Stage,
  cluster: Cluster,
): Promise<Cluster> {
  const config = JSON.parse(await readFile(cluster.kubeconfig, "utf8"));
  const upstream: string = config.clusters[0].cluster.server;
  const server = createServer((request, response) => {
    // who is not answered asks again
    relay(upstream, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  config.clusters[0].cluster.server = `http://127.0.0.1:${port}`;
  const kubeconfig = `${cluster.kubeconfig}-relay`;
  await writeFile(kubeconfig, JSON.stringify(config));
  return { ...cluster, kubeconfig };
}

async function relay(upstream: string, request: IncomingMessage, response: ServerResponse) {
  const { method = "GET", url = "/" } = request;
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const body = Buffer.concat(parts);
  const headers = {
    authorization: request.headers.authorization ?? "",
    "content-type": request.headers["content-type"] ?? "application/json",
  };
  const left = new AbortController();
  response.once("close", () => left.abort());
  const send = () =>
    fetch(upstream + url, {
      method,
      headers,
      signal: left.signal,
      ...(body.length > 0 && { body }),
    });
  let answer = await send();
  const path = url.split("?", 1)[0] ?? "";
  if (method === "POST" && path.endsWith("/pods") && answer.status === 409) {
    await answer.arrayBuffer();
    const { name } = JSON.parse(body.toString()).metadata;
    const forced = JSON.stringify({ gracePeriodSeconds: 0 });
    await fetch(`${upstream}${path}/${name}`, { method: "DELETE", headers, body: forced });
    answer = await send();
  }
  response.writeHead(answer.status, { "content-type": "application/json" });
  if (answer.body)
    Readable.fromWeb(answer.body as never)
      .on("error", () => response.destroy())
      .pipe(response);
  else response.end();
}
