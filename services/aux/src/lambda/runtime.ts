/** What Lambda's Node runtime gives a handler that streams, as far as it is used here. */
import type { Writable } from "node:stream";

export type ResponseStream = Writable & { setContentType(type: string): void };

export type StreamingHandler = (
  event: ApiEvent,
  stream: ResponseStream,
  context: object,
) => Promise<void>;

/** A request as a REST API tells it of methods of type AWS_PROXY. */
export interface ApiEvent {
  readonly httpMethod: string;
  /** Without the stage, and still percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>> | null;
  /** Decoded. */
  readonly multiValueQueryStringParameters: Readonly<Record<string, readonly string[]>> | null;
  readonly body: string | null;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly requestId: string;
    readonly stage: string;
    readonly identity: { readonly userArn: string | null; readonly sourceIp: string };
  };
}

declare global {
  /** https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html */
  var awslambda: {
    streamifyResponse(handler: StreamingHandler): StreamingHandler;
    HttpResponseStream: { from(stream: ResponseStream, head: object): ResponseStream };
  };
}
