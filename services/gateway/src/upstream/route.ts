/** By which way a request reaches aux: straight, or by the execution API. */
import type { LayerPresenter } from "@airlock/identity";
import type { FastifyRequest } from "fastify";
import type { Upstream } from "./call.ts";
import type { ClassName } from "./classes.ts";

export interface Route {
  readonly name: "direct" | "execution-api";
  readonly upstream: Upstream;
  /** Proves to the upstream who is asking, and names the caller; undefined sends no proof. */
  readonly layer: LayerPresenter | undefined;
}

/** Chosen once for a request and all of its calls. @param name its class; `wait` where it waits for a change. */
export type RouteFor = (request: FastifyRequest, name: ClassName) => Route;

/** The only way there is. */
export function only(upstream: Upstream, layer?: LayerPresenter): RouteFor {
  const route: Route = { name: "direct", upstream, layer };
  return () => route;
}
