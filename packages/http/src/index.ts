/** How every service is made and run. */
export type { App } from "./app-type.ts";
export { createLogger, describeError, type Logger } from "./logging.ts";
export { createMetrics, createMetricsServer, type Metrics } from "./metrics.ts";
export { parameterNameOf } from "./parameter-path.ts";
export { problems } from "./problem-responses.ts";
export { problemBody, toProblem } from "./problems.ts";
export { type TraceContext, traceContextOf } from "./request-context.ts";
export { type Admit, createServer, type ServerOptions } from "./server.ts";
export { runService, type Service, type ServiceContext } from "./service.ts";
