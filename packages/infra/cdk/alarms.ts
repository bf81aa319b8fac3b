/** Who is told of what: bad proof, wrong principal and client error are three alarms, for each has another cause. */
import { Duration } from "aws-cdk-lib";
import type { RestApi } from "aws-cdk-lib/aws-apigateway";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import type { AccessLog } from "./access-log.ts";
import { namesFor } from "./names.ts";

interface Wanted {
  readonly description: string;
  readonly metric: IMetric;
  readonly above: number;
  /** Of five minutes each. */
  readonly periods: number;
}

export interface Watched {
  readonly api: RestApi;
  readonly aux: IFunction;
  readonly log: AccessLog;
}

const period = Duration.minutes(5);

export function alarms(scope: Construct, context: Context, watched: Watched): Alarm[] {
  const { topic: topicName, execution } = namesFor(context);
  const topic = new Topic(scope, "Alarms", { topicName, enforceSSL: true });
  if (context.alarmEmail) topic.addSubscription(new EmailSubscription(context.alarmEmail));
  return Object.entries(wanted(watched)).map(([name, { description, metric, above, periods }]) => {
    const alarm = new Alarm(scope, `${name}Alarm`, {
      alarmName: `${execution}-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      alarmDescription: description,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
    return alarm;
  });
}

function wanted({ api, aux, log }: Watched): Readonly<Record<string, Wanted>> {
  const { WrongPrincipal, BadProof, ClientError, Throttled, Failed } = log.metrics;
  const count = api.metricCount({ period });
  /** Percent of the requests, where there are enough to speak of. */
  const shareOf = (metric: IMetric, label: string) =>
    new MathExpression({
      expression: "IF(requests >= 20, 100 * part / requests, 0)",
      usingMetrics: { part: metric, requests: count },
      label,
      period,
    });
  return {
    wrongPrincipal: {
      description: "Somebody who may not has called the execution API with a right signature",
      metric: WrongPrincipal.with({ period }),
      above: 0,
      periods: 1,
    },
    badProof: {
      description: "Requests without a signature that holds: credentials, clock, region, or a scan",
      metric: BadProof.with({ period }),
      above: 10,
      periods: 1,
    },
    clientErrors: {
      description: "aux answers more than a third of what it is asked with 4xx",
      metric: shareOf(ClientError.with({ period }), "4xx of aux, percent"),
      above: 33,
      periods: 3,
    },
    failed: {
      description: "More than 1 percent of the requests end with 5xx",
      metric: shareOf(Failed.with({ period }), "5xx, percent"),
      above: 1,
      periods: 2,
    },
    throttled: {
      description: "The stage's limits refuse requests",
      metric: Throttled.with({ period }),
      above: 0,
      periods: 2,
    },
    lambdaThrottled: {
      description: "All instances of the Lambda that are reserved are in use",
      metric: aux.metricThrottles({ period }),
      above: 0,
      periods: 2,
    },
    slow: {
      description:
        "The median of the time to aux's answer is above 500 ms; waits and objects are part of it",
      metric: api.metricIntegrationLatency({ period, statistic: "p50" }),
      above: 500,
      periods: 2,
    },
  };
}
