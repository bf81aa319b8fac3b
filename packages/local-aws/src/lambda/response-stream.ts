// The global `awslambda` of Lambda's Node runtime, and the stream by which a handler answers.
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html

import { type Agent, type ClientRequest, request } from "node:http";

/** A request to the Runtime API; what is written to it is the answer. */
export type ResponseStream = ClientRequest & { setContentType(type: string): void };

export type StreamingHandler = (
  event: unknown,
  stream: ResponseStream,
  context: unknown,
) => Promise<void>;

const STREAMS = Symbol("streams its answer");

export const isStreaming = (handler: object): handler is StreamingHandler => STREAMS in handler;

export const awslambda = {
  streamifyResponse: (handler: StreamingHandler) => Object.assign(handler, { [STREAMS]: true }),
  HttpResponseStream: {
    /** What the answer is stands before its body, and eight bytes of zero between them. */
    from(stream: ResponseStream, head: object): ResponseStream {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.write(JSON.stringify(head));
      stream.write(Buffer.alloc(8));
      return stream;
    },
  },
};

const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";

/** Opened by the first byte that is written. */
export function openResponseStream(url: URL, agent: Agent): ResponseStream {
  const headers = {
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Content-Type": "application/octet-stream",
    "Transfer-Encoding": "chunked",
    Trailer: ERROR_TYPE,
  };
  const stream = request(url, { method: "POST", agent, headers });
  return Object.assign(stream, {
    setContentType: (type: string) => void stream.setHeader("Content-Type", type),
  });
}

/** Ends an answer that has begun and will not be whole. */
export function failStream(stream: ResponseStream, errorType: string): void {
  stream.addTrailers({ [ERROR_TYPE]: errorType });
  stream.end();
}
