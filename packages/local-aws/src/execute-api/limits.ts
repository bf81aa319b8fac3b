// How much and how long API Gateway lets a call be.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html

/** What a REST API allows; tests shorten them. */
export interface ExecuteApiLimits {
  readonly requestBytes: number;
  /** Of all headers together, names and values. */
  readonly headerBytes: number;
  /** Of what the function is told, and of what it answers at once. */
  readonly eventBytes: number;
  readonly bufferedMs: number;
  /** Until a streamed answer begins. */
  readonly streamedMs: number;
  /** Whether GET and HEAD have the transfer mode STREAM. */
  readonly isStreaming: boolean;
}

export const EXECUTE_API_LIMITS: ExecuteApiLimits = {
  requestBytes: 10 * 1024 * 1024,
  headerBytes: 10_240,
  eventBytes: 6 * 1024 * 1024,
  bufferedMs: 29_000,
  streamedMs: 120_000,
  isStreaming: true,
};
