/** Calls past the cluster's interface, for what kubelets and admins do. */
import { Pool } from "undici";
import type { AccessKeeper } from "../../src/cluster/index.ts";
import type { ContractWorld } from "./contract-world.ts";

/** A PATCH is a strategic merge, where a server knows how: not of what a definition has brought. */
const patchType = (path: string): string =>
  `application/${path.startsWith("/apis/snapshot.") ? "" : "strategic-"}merge-patch+json`;

export interface RawApi {
  readonly raw: ContractWorld["raw"];
  close(): Promise<void>;
}

export async function createRawApi(keeper: AccessKeeper): Promise<RawApi> {
  const { server, tls, authorization } = await keeper.current();
  const { isUnverified = false, ...connect } = tls;
  const pool = new Pool(new URL(server).origin, {
    connections: 2,
    connect: { ...connect, rejectUnauthorized: !isUnverified },
  });
  return {
    async raw(method, path, body) {
      const { statusCode, body: answer } = await pool.request({
        method,
        path,
        headers: {
          ...(authorization !== undefined && { authorization }),
          ...(body && {
            "content-type": method === "PATCH" ? patchType(path) : "application/json",
          }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      if (statusCode > 299)
        throw new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 500)}`);
      return JSON.parse(text);
    },
    close: () => pool.destroy(),
  };
}
