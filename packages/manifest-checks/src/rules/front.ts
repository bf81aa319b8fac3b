/** Item 27: what stands in front is told: waits, tunnels, retries, paths, nothing on disk, health checks (docs/behind-a-proxy.md). */
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { objectRule, type Rule } from "../rule.ts";
import { envOf, type World, workloads } from "../world.ts";

const ALB = "alb.ingress.kubernetes.io";
const NGINX = "nginx.ingress.kubernetes.io";
/** What a gateway may take for an answer: MAX_WAIT_SECONDS, and a read behind it. */
const ANSWER_SECONDS = 58;
/** When a gateway ends an idle connection. */
const IDLE_SECONDS = 72;
/** Where pods have no setting of their own. */
const DRAIN_SECONDS = 5;

/** How long an ALB leaves connections to a target that is taken out, unless told, and at most. */
const DELAY_SECONDS = 300;
const MOST_DELAY_SECONDS = 3600;

type Check = (annotations: Readonly<Record<string, string>>, world: World) => string | false;

/** One for each class; of another nobody here knows what it has to be told. */
const edgeRule = (id: string, checks: Readonly<Partial<Record<string, Check>>>): Rule =>
  objectRule<IIngress>(id, 27, [], ["Ingress"], ({ metadata, spec }, world) => {
    const check = checks[spec?.ingressClassName ?? ""];
    return check?.(metadata.annotations ?? {}, world);
  });

export const frontRules: readonly Rule[] = [
  objectRule<IIngress>("edge-class", 27, [], ["Ingress"], ({ spec }) => {
    return (
      !["alb", "nginx"].includes(spec?.ingressClassName ?? "") && "must be of class alb or nginx"
    );
  }),
  edgeRule("edge-waits", {
    alb: (annotations) => {
      const attributes = annotations[`${ALB}/load-balancer-attributes`] ?? "";
      const seconds = Number(
        /(?:^|,)idle_timeout\.timeout_seconds=(\d+)(?:,|$)/.exec(attributes)?.[1],
      );
      const isRight = seconds > ANSWER_SECONDS && seconds < IDLE_SECONDS;
      return !isRight && `must have an idle time between ${ANSWER_SECONDS} and ${IDLE_SECONDS} s`;
    },
    nginx: (annotations) =>
      !(Number(annotations[`${NGINX}/proxy-read-timeout`]) > ANSWER_SECONDS) &&
      `must wait more than ${ANSWER_SECONDS} s for an answer`,
  }),
  edgeRule("edge-tunnels", {
    alb: (annotations, world) => {
      const attributes = annotations[`${ALB}/target-group-attributes`] ?? "";
      const [, told] =
        /(?:^|,)deregistration_delay\.timeout_seconds=(\d+)(?:,|$)/.exec(attributes) ?? [];
      const wanted = Math.min(secondsOf(world, "TUNNEL_DRAIN_SECONDS", 0), MOST_DELAY_SECONDS);
      return (
        Number(told ?? DELAY_SECONDS) < wanted &&
        `must leave the tunnels of a leaving pod ${wanted} s (deregistration_delay)`
      );
    },
  }),
  edgeRule("edge-retries", {
    nginx: (annotations) =>
      annotations[`${NGINX}/proxy-next-upstream`] !== "error timeout" &&
      "must not send again what may have been done",
  }),
  edgeRule("edge-paths", {
    nginx: (annotations) =>
      ["rewrite-target", "use-regex", "app-root", "configuration-snippet"].some(
        (name) => annotations[`${NGINX}/${name}`] !== undefined,
      ) && "must pass paths on as they come",
  }),
  objectRule<IIngress>("edge-whole", 27, [], ["Ingress"], ({ spec }) => {
    const paths = spec?.rules?.flatMap(({ http }) => http?.paths ?? []) ?? [];
    const isWhole = paths.every(({ path, pathType }) => path === "/" && pathType === "Prefix");
    return !isWhole && "must pass every path on, by the prefix /";
  }),
  edgeRule("edge-disk", {
    nginx: (annotations) => {
      if (annotations[`${NGINX}/proxy-buffering`] !== "off")
        return "must not write answers to disk";
      const size = annotations[`${NGINX}/proxy-body-size`];
      return (
        (size === undefined || size !== annotations[`${NGINX}/client-body-buffer-size`]) &&
        "must have the largest body in memory"
      );
    },
  }),
  edgeRule("edge-health", {
    alb: (annotations, world) => {
      const told = (name: string) => Number(annotations[`${ALB}/${name}`]);
      const outAfter =
        told("healthcheck-interval-seconds") * told("unhealthy-threshold-count") +
        told("healthcheck-timeout-seconds");
      if (annotations[`${ALB}/healthcheck-path`] !== "/readyz") return "must ask /readyz";
      return (
        !(outAfter < secondsOf(world, "DRAIN_DELAY_SECONDS", DRAIN_SECONDS)) &&
        "must learn that a pod is leaving before its drain delay is over"
      );
    },
  }),
];

/** A setting of gateway. */
function secondsOf(world: World, name: string, fallback: number): number {
  const gateway = workloads(world).find(({ service }) => service === "gateway");
  const told = gateway?.containers.map((one) => envOf(one, name)).find(Boolean);
  return Number(told ?? fallback);
}
