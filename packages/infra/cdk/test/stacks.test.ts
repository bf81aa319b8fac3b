/** The templates: who gets in, what is logged, what alarms, and that cdk-nag is asked. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type Context, readContext } from "../../src/context.ts";
import { synthesise } from "../app.ts";
import { namesFor } from "../names.ts";

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's own shapes
  readonly Properties: any;
}

const folder = mkdtempSync(join(tmpdir(), "airlock-infra-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "lambda.mjs"), "export const handler = () => {};\n");

function templatesOf(context: Context) {
  const outdir = mkdtempSync(join(folder, "out-"));
  const bundle = mkdtempSync(join(folder, "bundle-"));
  writeFileSync(join(bundle, "lambda.mjs"), "export const handler = () => {};\n");
  synthesise(context, bundle, outdir);
  const read = (name: string) => {
    const text = readFileSync(join(outdir, `${name}.template.json`), "utf8");
    const { Resources, Outputs } = JSON.parse(text);
    const ofType = (type: string): Resource["Properties"][] =>
      (Object.values(Resources) as Resource[])
        .filter(({ Type }) => Type === type)
        .map(({ Properties }) => Properties);
    return { text, ofType, outputs: Object.keys(Outputs) };
  };
  return {
    images: read(namesFor(context).images),
    roles: read(namesFor(context).roles),
    execution: read(namesFor(context).execution),
  };
}

const DEV = readContext("dev");
const { images, roles, execution } = templatesOf(DEV);
const [api] = execution.ofType("AWS::ApiGateway::RestApi");

describe("the execution API", () => {
  test("every method asks for IAM; reads are streamed, for two minutes; nothing else is there", () => {
    const methods = execution.ofType("AWS::ApiGateway::Method");
    const shown = methods.map(({ HttpMethod, AuthorizationType, Integration: to }) =>
      [HttpMethod, AuthorizationType, to.ResponseTransferMode, to.TimeoutInMillis].join(" "),
    );
    assert.deepEqual(shown.sort(), [
      "GET AWS_IAM STREAM 120000",
      "HEAD AWS_IAM STREAM 120000",
      "POST AWS_IAM  ",
    ]);
    assert.equal(execution.ofType("AWS::ApiGateway::Resource")[0].PathPart, "{proxy+}");
  });

  test("its policy is that of k8s/iam, with any id: it is about no other API", () => {
    const file = new URL("../../../../k8s/iam/execution-api-policy.json", import.meta.url);
    const text = readFileSync(file, "utf8").replaceAll(":a1b2c3d4e5/", ":*/");
    // CDK writes a list of one principal without its brackets
    assert.deepEqual(api.Policy, JSON.parse(text.replace(/"AWS": \[("[^",]*")\]/, '"AWS": $1')));
    assert.ok(!execution.text.includes("NotPrincipal"));
  });

  test("regional, bytes as they are, no cache, throttled; no request's content is logged", () => {
    assert.deepEqual(api.EndpointConfiguration, { Types: ["REGIONAL"] });
    assert.deepEqual(api.BinaryMediaTypes, ["*/*"]);
    const [stage] = execution.ofType("AWS::ApiGateway::Stage");
    const [settings] = stage.MethodSettings;
    assert.equal(stage.StageName, "prod");
    assert.equal(settings.CachingEnabled, false);
    assert.equal(settings.DataTraceEnabled, false);
    assert.equal(settings.ThrottlingRateLimit, DEV.requestsPerSecond);
    const fields = Object.values(JSON.parse(stage.AccessLogSetting.Format)).join(" ");
    assert.doesNotMatch(fields, /message|header|body|requestOverride|accessKey/i);
  });

  test("with an endpoint it is private, and nobody gets in from elsewhere", () => {
    const { execution: closed } = templatesOf({ ...DEV, vpcEndpoint: "vpce-0a1b2c3d" });
    const [{ EndpointConfiguration, Policy }] = closed.ofType("AWS::ApiGateway::RestApi");
    assert.deepEqual(EndpointConfiguration, {
      Types: ["PRIVATE"],
      VpcEndpointIds: ["vpce-0a1b2c3d"],
    });
    assert.deepEqual(Policy.Statement.at(-1).Condition, {
      StringNotEquals: { "aws:SourceVpce": "vpce-0a1b2c3d" },
    });
  });

  test("a change of its policy is a deployment of its own: else it would have no effect", () => {
    const idOf = (text: string) => /"(ExecutionApiDeployment[0-9A-Fa-f]{40,})"/.exec(text)?.[1];
    const { execution: other } = templatesOf({ ...DEV, gatewayRole: "another-role" });
    assert.ok(idOf(execution.text));
    assert.notEqual(idOf(other.text), idOf(execution.text));
  });
});

describe("the roles", () => {
  const named = (name: string) =>
    roles.ofType("AWS::IAM::Role").find(({ RoleName }) => RoleName === name);

  test("the gateway's may invoke the methods of the list and nothing else", () => {
    const gateway = named(DEV.gatewayRole);
    assert.deepEqual(gateway.Policies, []);
    const policies = execution.ofType("AWS::IAM::Policy");
    assert.equal(policies.length, 1);
    assert.deepEqual(policies[0].Roles, [DEV.gatewayRole]);
    const [statement, ...others] = policies[0].PolicyDocument.Statement;
    assert.deepEqual(others, []);
    assert.equal(statement.Action, "execute-api:Invoke");
    assert.equal(statement.Resource.length, api.Policy.Statement[0].Resource.length);
  });

  test("policies are those of k8s/iam; the Lambda takes aux's role as pods do", () => {
    const read = (name: string) =>
      JSON.parse(
        readFileSync(new URL(`../../../../k8s/iam/${name}.json`, import.meta.url), "utf8"),
      );
    const aux = named(DEV.auxRole);
    assert.deepEqual(aux.Policies[0].PolicyDocument, read("aux-permissions"));
    assert.deepEqual(
      aux.AssumeRolePolicyDocument.Statement[0],
      read("aux-trust-irsa").Statement[0],
    );
    assert.match(
      aux.AssumeRolePolicyDocument.Statement[1].Principal.AWS,
      /role\/airlock-aux-lambda-dev$/,
    );
    assert.equal(aux.AssumeRolePolicyDocument.Statement.length, 2);
    assert.deepEqual(named(DEV.gatewayRole).AssumeRolePolicyDocument, read("gateway-trust-irsa"));
    const { roles: byAgent } = templatesOf({ ...DEV, workloadIdentity: "pod-identity" });
    const trusts = byAgent.ofType("AWS::IAM::Role").map((one) => one.AssumeRolePolicyDocument);
    assert.ok(
      trusts.some(
        (one) => JSON.stringify(one) === JSON.stringify(read("gateway-trust-pod-identity")),
      ),
    );
  });

  test("images: a repository for each, whose tags never move", () => {
    const repositories = images.ofType("AWS::ECR::Repository");
    assert.equal(repositories.length, 5);
    for (const one of repositories) assert.equal(one.ImageTagMutability, "IMMUTABLE");
    assert.deepEqual(
      images.ofType("AWS::IAM::Role").map(({ RoleName }) => RoleName),
      ["airlock-release"],
    );
  });
});

test("planted: a wildcard that nobody has given a reason for ends synth", () => {
  assert.throws(() => templatesOf({ ...DEV, buckets: ["data/private"] }), /Validation failed/);
});

describe("watching", () => {
  test("bad proof, wrong principal and client error are three metrics with an alarm each, to one topic", () => {
    const filters = execution.ofType("AWS::Logs::MetricFilter");
    const patterns = filters.map((one) => one.FilterPattern);
    assert.equal(new Set(patterns).size, patterns.length);
    const alarms = execution.ofType("AWS::CloudWatch::Alarm");
    const topics = new Set(alarms.map((one) => JSON.stringify(one.AlarmActions)));
    assert.equal(topics.size, 1);
    const names = alarms.map(({ AlarmName }) => AlarmName.replace("airlock-execution-dev-", ""));
    for (const name of ["bad-proof", "wrong-principal", "client-errors", "failed", "slow"])
      assert.ok(names.includes(name), name);
    assert.equal(execution.ofType("AWS::SNS::Subscription").length, 0);
    const { execution: told } = templatesOf({ ...DEV, alarmEmail: "platform@example.com" });
    assert.equal(told.ofType("AWS::SNS::Subscription").length, 1);
  });

  test("docs/rollout.md names each metric and alarm that there is, and no other", () => {
    const page = readFileSync(new URL("../../../../docs/rollout.md", import.meta.url), "utf8");
    const [, table = ""] = /^### At AWS$([\s\S]*?)^Alarms go to/m.exec(page) ?? [];
    const cells = [...table.matchAll(/^\| (`.*) \| .* \| (`.*) \|$/gm)];
    const wordsOf = (text: string) => [...text.matchAll(/`([\w-]+)`/g)].map(([, word]) => word);
    const told = {
      metrics: cells.flatMap(([, cell = ""]) => wordsOf(cell)),
      alarms: cells.flatMap(([, , cell = ""]) => wordsOf(cell)),
    };
    const alarms = execution.ofType("AWS::CloudWatch::Alarm");
    const names = alarms.map(({ AlarmName }) => AlarmName.replace("airlock-execution-dev-", ""));
    assert.deepEqual(told.alarms.sort(), names.sort());
    const filtered = execution.ofType("AWS::Logs::MetricFilter");
    const counted = filtered.map((one) => one.MetricTransformations[0].MetricName);
    assert.deepEqual(told.metrics.sort(), [...counted, "IntegrationLatency", "Throttles"].sort());
  });

  test("the outputs that the gateway and an operator need, by their names", () => {
    assert.deepEqual(execution.outputs.sort(), ["ExecutionApiUrl", "MonitoringDashboardUrl"]);
  });
});
