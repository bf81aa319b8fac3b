/** The internal service: what it is made of, in order. */
import { type Aws, CACHE_SHARES } from "@airlock/aws";
import {
  AnswerRoom,
  type App,
  admitLayer,
  type ClientPlaces,
  createServer,
  type Logger,
  layerProof,
  type Metrics,
} from "@airlock/http";
import { type ExecutionApiCall, LAYER_HEADER, type LayerGuard } from "@airlock/identity";
import type { FastifyRequest } from "fastify";
import { type AccessDeps, createAccess } from "./access.ts";
import { clientOf } from "./client-of.ts";
import { LargeAnswers } from "./large-answers.ts";
import { RenderedLists } from "./rendered-lists.ts";
import { aboutRoutes } from "./routes/about.ts";
import { bucketRoutes } from "./routes/buckets.ts";
import { objectVersionsRoute } from "./routes/object-versions.ts";
import { objectRoutes } from "./routes/objects.ts";
import { parameterRoute } from "./routes/parameter.ts";
import { parametersRoutes } from "./routes/parameters.ts";
import type { Settings } from "./settings.ts";

export interface AuxDeps extends AccessDeps {
  readonly aws: Aws;
  /** Checks the calling service; undefined lets everybody in. */
  readonly layer?: LayerGuard | undefined;
  /** What the execution API tells of a request; only of those that came through it. */
  readonly viaOf?: ((request: FastifyRequest) => ExecutionApiCall | undefined) | undefined;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** How long one page of a bucket may be looked for; a list's time unless said otherwise. */
  readonly listLimitMs?: number;
  /** For lists, trees and batches until they are sent. */
  readonly answerRoom?: AnswerRoom;
}

export function buildApp(settings: Settings, deps: AuxDeps): Promise<App> {
  const { aws, layer, viaOf, logger, metrics, listLimitMs } = deps;
  const { answerRoom = new AnswerRoom() } = deps;
  const about = {
    title: "Airlock aux",
    description: "The internal door: the only holder of AWS credentials.",
    version: settings.VERSION,
    proofs: layerProof(LAYER_HEADER, settings.LAYER_AUTH_MODE, settings.LAYER_AUTH_ACCEPTS),
  };
  const isReady = () => aws.session.isValid() && (layer?.isReady() ?? true);
  const admission = layer && { admit: admitLayer(layer, viaOf) };
  const clientPlaces: ClientPlaces = {
    most: { wait: settings.WAITS_PER_CLIENT, stream: settings.STREAMS_PER_CLIENT },
    clientOf,
  };
  const options = { settings, about, isReady, admission, clientPlaces, logger, metrics };
  return createServer(options, (app) => {
    const access = createAccess(deps);
    aboutRoutes(app, settings, aws.session);
    const lists = new RenderedLists(settings.CACHE_MAX_BYTES * CACHE_SHARES.lists);
    const large = new LargeAnswers(answerRoom);
    parametersRoutes(app, aws.parameters, access, { lists, large });
    parameterRoute(app, aws.parameters, access);
    bucketRoutes(app, aws.buckets, aws.objects, access, large, listLimitMs);
    objectRoutes(app, aws.objects, access);
    objectVersionsRoute(app, aws.objects, access, large);
  });
}
