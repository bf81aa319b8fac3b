/** What the log tells of the rollout, in words that can be searched for; what goes on is told once in a while. */
import type { IncomingHttpHeaders } from "node:http";
import { createLogPace } from "@airlock/config";
import type { Logger } from "@airlock/http";
import { AWS_ERROR } from "../upstream/aws-refusals.ts";
import type { Failure } from "../upstream/failures.ts";
import type { RolloutBy } from "./choice.ts";
import type { RolloutListener } from "./rollout.ts";

export interface RolloutLog extends RolloutListener {
  /** The execution API answered in a way that tells against it. */
  answeredBadly(status: number, headers: IncomingHttpHeaders, requestId: string): void;
  /** It gave no answer. */
  failed(failure: Failure | "open", requestId: string): void;
  fellBack(failure: Failure | "open", requestId: string): void;
}

/** @param nowMs never goes backwards. */
export function createRolloutLog(
  logger: Pick<Logger, "info" | "warn" | "error">,
  by: RolloutBy,
  nowMs?: () => number,
): RolloutLog {
  const pace = () => counted(createLogPace(nowMs));
  const [ofTraffic, ofAnswers, ofFailures, ofFallbacks] = [pace(), pace(), pace(), pace()];
  let sent = 0;
  let succeeded = 0;
  return {
    asked: ({ percentage, source }) =>
      logger.info({ event: "api_gateway_percentage_check", percentage, source, by }, "rollout"),
    steppedBack: (verdict, { percentage }) =>
      logger.error(
        { event: "execution_api_stepped_back", percentage, ...verdict },
        "the execution API gets no more requests of this process until the rollout file changes",
      ),
    traffic(counts) {
      sent += counts.sent;
      succeeded += counts.succeeded;
      ofTraffic(() => {
        logger.info({ event: "execution_api_invocation_started", count: sent }, TRAFFIC);
        logger.info({ event: "execution_api_invocation_success", count: succeeded }, TRAFFIC);
        sent = 0;
        succeeded = 0;
      });
    },
    answeredBadly: (status, headers, requestId) =>
      ofAnswers((count) =>
        logger.warn(
          {
            event: "execution_api_invocation_error",
            count,
            status_code: status,
            error_type: textOf(headers[AWS_ERROR]),
            aws_request_id: textOf(headers["x-amzn-requestid"]),
            request_id: requestId,
          },
          "the execution API answered with an error of its own",
        ),
      ),
    failed: (failure, requestId) =>
      ofFailures((count) =>
        logger.error(
          { event: "execution_api_invocation_failed", count, failure, request_id: requestId },
          "the execution API gave no answer",
        ),
      ),
    fellBack: (failure, requestId) =>
      ofFallbacks((count) =>
        logger.warn(
          { event: "fallback_to_lambda_invocation", count, failure, request_id: requestId },
          "asked aux directly instead",
        ),
      ),
  };
}

const TRAFFIC = "requests to the execution API since this was said last";

/** @returns what runs its argument at the pace of the log, with how often that was wanted since it last ran. */
function counted(isDue: (isFirst: boolean) => boolean): (say: (count: number) => void) => void {
  let count = 0;
  return (say) => {
    count++;
    if (!isDue(false)) return;
    say(count);
    count = 0;
  };
}

const MAX_TEXT = 100;
const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === "string" ? header.slice(0, MAX_TEXT) : undefined;
