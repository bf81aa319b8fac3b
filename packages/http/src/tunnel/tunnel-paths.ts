/** Which requests for another protocol are heard: WebSocket on a route that says so, and no other. */
import type { IncomingMessage } from "node:http";
import createRouter from "find-my-way";
import type { App } from "../app-type.ts";
import { hasBody } from "../bodies.ts";
import { routedPath } from "../request-target.ts";

export interface TunnelPaths {
  /** Learns of the routes as they are added. */
  watch(app: App): void;
  /** For Node's `shouldUpgradeCallback`: of all others the header Upgrade is as if it were not there. */
  isTunnel(request: IncomingMessage): boolean;
}

export function createTunnelPaths(maxParamLength: number): TunnelPaths {
  const router = createRouter({ maxParamLength });
  return {
    watch(app) {
      app.addHook("onRoute", ({ method, url, config }) => {
        if (config?.isTunnel && method === "GET") router.on("GET", url, () => {});
      });
    },
    isTunnel(request) {
      const { method, headers, httpVersionMinor, url = "" } = request;
      if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return false;
      if (httpVersionMinor === 0 || hasBody(request)) return false;
      const [path = ""] = routedPath(url).split("?", 1);
      return router.find("GET", path) !== null;
    },
  };
}
