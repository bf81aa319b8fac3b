/** Item 27: the edge. Whoever comes in comes by TLS, is known where that is asked, and is nobody but who was meant. */
import { isDeepStrictEqual } from "node:util";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { K8sObject } from "../objects.ts";
import { objectRule, type Rule } from "../rule.ts";
import { envOf, ofKind, type World, workloads } from "../world.ts";
import { flowsOf } from "./flows.ts";

const TLS_12 = /^ELBSecurityPolicy-(TLS13-1-[23]-|TLS-1-2-|FS-1-2-)/;
const ALB = "alb.ingress.kubernetes.io";
const NGINX = "nginx.ingress.kubernetes.io";

export const edgeRules: readonly Rule[] = [
  objectRule<IIngress>(
    "edge-tls",
    27,
    ["polaris tlsSettingsMissing"],
    ["Ingress"],
    ({ metadata, spec }) => {
      const annotations = metadata.annotations ?? {};
      const hosts = new Set(spec?.tls?.flatMap((one) => one.hosts ?? []));
      if (!spec?.rules?.length || !spec.rules.every(({ host }) => host && hosts.has(host)))
        return "must list every host under tls";
      if (spec.ingressClassName === "nginx")
        return (
          annotations[`${NGINX}/force-ssl-redirect`] !== "true" && "must redirect HTTP to HTTPS"
        );
      if (!TLS_12.test(annotations[`${ALB}/ssl-policy`] ?? ""))
        return "must ask for TLS 1.2 or newer";
      return annotations[`${ALB}/ssl-redirect`] !== "443" && "must redirect HTTP to HTTPS";
    },
  ),
  objectRule("guarded-ingress", 27, [], ["Ingress", "NetworkPolicy"], (object, world) => {
    if (world.environment !== "qa" && world.environment !== "prod") return undefined;
    return (
      !asksCallers(world) &&
      isWayIn(object) &&
      "must not be in qa or prod while GATEWAY_AUTH is none"
    );
  }),
  objectRule<IIngress>("public-edge", 27, [], ["Ingress"], ({ metadata }, world) => {
    const annotations = metadata.annotations ?? {};
    if (annotations[`${ALB}/scheme`] !== "internet-facing") return undefined;
    if (!annotations[`${ALB}/inbound-cidrs`])
      return "must say which addresses may connect (inbound-cidrs), all of them being one answer";
    if (!asksCallers(world)) return "must not be public while GATEWAY_AUTH is none, in dev neither";
    if (valueAt(world, "DOCS") !== "off") return "must not be public with DOCS that may be on";
    return (
      Object.keys(annotations).some((key) => /cache|snippet/.test(key)) &&
      "must not cache: answers are of one caller"
    );
  }),
  objectRule<IIngress>("trusted-proxy", 27, [], ["Ingress"], ({ spec }, world) => {
    if (spec?.ingressClassName === "nginx") return undefined; // let in by its labels, and believed by its range
    const from = ofKind<INetworkPolicy>(world, "NetworkPolicy").find(
      ({ metadata }) => metadata.name === "gateway-from-load-balancer",
    );
    const letIn = from?.spec?.ingress?.flatMap(({ from: peers = [] }) =>
      peers.map(({ ipBlock }) => ipBlock?.cidr),
    );
    const trusted = valueAt(world, "TRUST_PROXY")?.split(/[\s,]+/);
    return (
      !isDeepStrictEqual(new Set(trusted), new Set(letIn)) &&
      "must have its addresses alike in the policy that lets it in and in TRUST_PROXY"
    );
  }),
];

const valueAt = (world: World, name: string): string | undefined =>
  workloads(world)
    .find(({ service }) => service === "gateway")
    ?.containers.map((one) => envOf(one, name))
    .find(Boolean);

const asksCallers = (world: World): boolean =>
  ["jwt", "api-key"].includes(valueAt(world, "GATEWAY_AUTH") ?? "none");

/** Whether this lets anybody but Prometheus into gateway. */
const isWayIn = (object: K8sObject): boolean =>
  object.kind === "Ingress" ||
  (object.metadata.namespace === "gateway" &&
    flowsOf(object as INetworkPolicy, "ingress").some((flow) => !/ TCP 9090$/.test(flow)));
