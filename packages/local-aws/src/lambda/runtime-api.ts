// Lambda's Runtime API, as the processes that run the function see it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { FunctionError, type Invocations } from "./invocations.ts";

const BASE = "/2018-06-01/runtime/";
export const FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:airlock-aux";

export const isRuntimePath = (path: string): boolean => path.startsWith(BASE);

/** Answers one request of a process. */
export function answerRuntime(
  invocations: Invocations,
  message: IncomingMessage,
  response: ServerResponse,
): void {
  const [what = "", id = "", part = ""] = (message.url ?? "").slice(BASE.length).split("/");
  const done = (status: number) => void response.writeHead(status).end();
  const isPost = message.method === "POST";
  if (what === "invocation" && id === "next" && !isPost) {
    giveNext(invocations, message, response);
  } else if (what === "invocation" && part === "response" && isPost) {
    takeAnswer(invocations, id, message, done);
  } else if (isPost && (part === "error" || `${what}/${id}` === "init/error")) {
    const errorType = message.headers["lambda-runtime-function-error-type"];
    message.resume();
    invocations.failed(id, typeof errorType === "string" ? errorType : "Unhandled");
    done(202);
  } else {
    done(404);
  }
}

/** The process waits here between two invocations; that its connection ends is all that tells of its end. */
function giveNext(
  invocations: Invocations,
  { socket }: IncomingMessage,
  response: ServerResponse,
): void {
  const answered = CRASHES.get(socket);
  if (answered) socket.off("close", answered);
  let forget = () => {};
  const gone = () => forget();
  socket.once("close", gone);
  // at once, where one is waiting
  forget = invocations.next(({ id, event, deadlineMs }) => {
    socket.off("close", gone);
    const crash = () => invocations.failed(id, "Runtime.ExitError");
    socket.once("close", crash);
    CRASHES.set(socket, crash);
    response.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": id,
      "lambda-runtime-deadline-ms": String(deadlineMs),
      "lambda-runtime-invoked-function-arn": FUNCTION_ARN,
    });
    response.end(event);
  });
}

/** What is told when the connection ends of a process that has an invocation. */
const CRASHES = new WeakMap<object, () => void>();

function takeAnswer(
  invocations: Invocations,
  id: string,
  message: IncomingMessage,
  done: (status: number) => void,
): void {
  const body = Readable.from(wholeOrFailed(message), { objectMode: false });
  const isStreamed = message.headers["lambda-runtime-function-response-mode"] === "streaming";
  const contentType = message.headers["content-type"] ?? "application/octet-stream";
  body.on("error", () => {}); // whoever reads it is told as well
  // what nobody reads any more is taken all the same: a process does not learn that its reader has left
  body.once("close", () => {
    if (message.complete) done(202);
    else message.resume().once("end", () => done(202));
  });
  if (!invocations.answered(id, { contentType, isStreamed, body })) body.destroy();
}

/** The chunks of an answer; a trailer says that the function failed when it had begun. */
async function* wholeOrFailed(message: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* message.iterator({ destroyOnReturn: false });
  } catch {
    throw new FunctionError("Runtime.ExitError");
  }
  const failed = message.trailers["lambda-runtime-function-error-type"];
  if (failed !== undefined) throw new FunctionError(failed);
}
