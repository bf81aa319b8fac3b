/** What the log tells of the rollout, in words that can be searched for; what goes on is told once in a while. */
import { createLogPace } from "@airlock/config";
import type { Logger } from "@airlock/http";
import { awsRefusal } from "../upstream/failures.ts";
import type { RouteFailure } from "../upstream/upstream.ts";
import type { RolloutBy } from "./choice.ts";
import type { RolloutListener } from "./rollout.ts";

export interface RolloutLog extends RolloutListener {
  failed(how: RouteFailure): void;
  fellBack(how: RouteFailure): void;
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
    steppedBack: ({ gate, executionApi, direct, slow }, { percentage }) =>
      logger.error(
        {
          event: "execution_api_stepped_back",
          gate,
          percentage,
          execution_api: executionApi,
          direct,
          ...(slow && {
            slow_kind: slow.kind,
            slow_over_ms: Math.round(slow.overMs * 10) / 10,
            slow_share: Math.round(slow.share * 1000) / 1000,
          }),
        },
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
    failed({ failure, requestId, status = 0, headers = {} }) {
      if (failure !== "answer") {
        ofFailures((count) =>
          logger.error(
            { event: "execution_api_invocation_failed", count, failure, request_id: requestId },
            "the execution API gave no answer",
          ),
        );
        return;
      }
      const { errorType, awsRequestId } = awsRefusal(status, headers) ?? {};
      ofAnswers((count) =>
        logger.warn(
          {
            event: "execution_api_invocation_error",
            count,
            status_code: status,
            error_type: errorType,
            aws_request_id: awsRequestId,
            request_id: requestId,
          },
          "the execution API gave an answer that tells against it",
        ),
      );
    },
    fellBack: ({ failure, requestId }) =>
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
