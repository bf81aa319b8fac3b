/** One page of CloudWatch: how much, what is refused and why, how fast, and the Lambda behind it. */
import { Duration } from "aws-cdk-lib";
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import type { Watched } from "./alarms.ts";
import { namesFor } from "./names.ts";

const period = Duration.minutes(1);

export function dashboard(
  scope: Construct,
  context: Context,
  { api, aux, log }: Watched,
  alarms: Alarm[],
): Dashboard {
  const { WrongPrincipal, BadProof, ClientError, Throttled, Failed } = log.metrics;
  const board = new Dashboard(scope, "Dashboard", { dashboardName: namesFor(context).dashboard });
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 12 });
  const latency = (statistic: string) => api.metricLatency({ period, statistic });
  const toAux = (statistic: string) => api.metricIntegrationLatency({ period, statistic });
  board.addWidgets(new AlarmStatusWidget({ alarms, width: 24 }));
  board.addWidgets(
    graph("Requests", [api.metricCount({ period })]),
    graph(
      "Refused and failed",
      [WrongPrincipal, BadProof, ClientError, Throttled, Failed].map((one) => one.with({ period })),
    ),
  );
  board.addWidgets(
    graph("Time to the answer, ms", ["p50", "p95", "p99"].map(latency)),
    graph("Of it in aux, ms", ["p50", "p95", "p99"].map(toAux)),
  );
  board.addWidgets(
    graph("Lambda: instances", [
      aux.metric("ConcurrentExecutions", { period, statistic: "Maximum" }),
      aux.metricThrottles({ period }),
    ]),
    graph("Lambda: errors", [aux.metricErrors({ period })]),
  );
  return board;
}
