/** How every service is made and run. */
export type { Admission } from "./admission.ts";
export { removeAnswerHeader, setAnswerHeader } from "./answer-headers.ts";
export { AnswerRoom } from "./answer-room.ts";
export type { App, PlaceKind } from "./app-type.ts";
export { awsCallMetrics } from "./aws-calls.ts";
export { headersForOne } from "./cache-control.ts";
export { admitCallers, callerMetrics } from "./callers.ts";
export {
  type ClientAddress,
  clientAddressOf,
  createClientOf,
  widerNetworkOf,
} from "./client-address.ts";
export { clientLeft } from "./client-left.ts";
export { giveBackStart } from "./heap.ts";
export { Latency, type Series } from "./latency.ts";
export { admitLayer, type LayerCheck, layerMetrics } from "./layer.ts";
export { createLogger, type Logger, openLog } from "./logging.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { MinuteCounts } from "./minute-counts.ts";
export { bucketPathOf, invalidObjectKey, type ObjectPath, objectPathOf } from "./object-path.ts";
export { apiKeyProof, callerTokenProof, layerProof, type Proof } from "./openapi/proofs.ts";
export { parameterNameOf } from "./parameter-path.ts";
export { problems } from "./problem-responses.ts";
export { PROBLEM_TYPE, problemBody } from "./problems.ts";
export { type Held, type RateLimit, rateLimitMaker } from "./rate-limit.ts";
export { onwardHeaders, traceContextOf, traceIdOf } from "./request-context.ts";
export { sendFlowing } from "./send-flowing.ts";
export { sendParts } from "./send-parts.ts";
export { takenByKernel } from "./send-queues.ts";
export { createServer, type ServerOptions } from "./server.ts";
export { runService, type Service, type ServiceContext } from "./service.ts";
export { smallText } from "./small-text.ts";
export {
  demandWebSocket,
  type TakenConnection,
  type TunnelEnd,
  takeConnection,
} from "./tunnel/handshake.ts";
export {
  openTunnel,
  type TunnelAnswer,
  TunnelError,
  type TunnelRequest,
} from "./tunnel/open-tunnel.ts";
export { passTunnel } from "./tunnel/pass-tunnel.ts";
export { InvalidInputError, validateAs } from "./validation.ts";
export { CLIENT_SHARE, type ClientPlaces, callerOrNetwork } from "./waiting.ts";
export { whenClosed } from "./when-closed.ts";
export { countWords } from "./word-counts.ts";
