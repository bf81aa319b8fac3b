/** The roles of one environment: they are there before anything runs, and stay when the execution API goes. */
import { Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import { auxPermissions, mayAssumeAux } from "../src/policies/permissions.ts";
import {
  type Service,
  trustIrsa,
  trustLambda,
  trustLambdaRole,
  trustPodIdentity,
} from "../src/policies/trust.ts";
import { policy } from "../src/policy-document.ts";
import { namesFor } from "./names.ts";
import { role } from "./role.ts";
import { mayWriteLog } from "./write-log.ts";

export class RolesStack extends Stack {
  constructor(scope: Construct, context: Context) {
    const { roles, lambdaLog } = namesFor(context);
    super(scope, roles, {
      env: { account: context.account, region: context.region },
      description: "Airlock: the roles of aux, of aux as a Lambda, and of gateway",
    });
    const trust = (service: Service) =>
      context.workloadIdentity === "irsa"
        ? trustIrsa(context, service)
        : trustPodIdentity(context, service);
    const lambda = role(this, "AuxLambda", context.lambdaRole, trustLambda(context), {
      "assume-aux": mayAssumeAux(context),
      "write-log": mayWriteLog(context, lambdaLog),
    });
    const auxTrust = policy(...trust("aux").Statement, trustLambdaRole(context));
    const aux = role(this, "Aux", context.auxRole, auxTrust, {
      "airlock-aux": auxPermissions(context),
    });
    // a trust policy can name a role only when it is there
    aux.addResourceDependency(lambda);
    // what it may do is in the stack of the API, whose id it names
    role(this, "Gateway", context.gatewayRole, trust("gateway"));
  }
}
