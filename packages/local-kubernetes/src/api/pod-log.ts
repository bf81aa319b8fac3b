/** The log of a pod's container: what was asked for of it, and on request what comes. */
import type { ServerResponse } from "node:http";
import type { ContainerLog } from "../kubelet/container-log.ts";
import { stamped } from "../kubelet/container-log.ts";
import type { Kubelet } from "../kubelet/kubelet.ts";
import type { PodObject } from "../objects.ts";
import { badRequest, type Fault, invalid, Refusal } from "../refusal.ts";
import { invalidValue } from "../validation/names.ts";
import type { World } from "../world.ts";
import { get } from "./read.ts";
import type { Target } from "./target.ts";

/** Answers, and resolves when it has ended. @throws Refusal before anything is answered. */
export async function podLog(
  world: World,
  kubelet: Kubelet | undefined,
  target: Target,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const pod = get(world, target) as PodObject;
  const asked = readQuery(target, query, world.now());
  const container = containerOf(pod, query.get("container") ?? undefined);
  const { nodeName } = pod.spec;
  if (!nodeName) {
    response.writeHead(204).end();
    return;
  }
  const log = logOf(pod, nodeName, container, kubelet);
  response.writeHead(200, { "content-type": "text/plain" });
  response.on("error", () => {}); // it has gone: its close says so
  const { limitBytes = Number.POSITIVE_INFINITY, isFollowed, ...selection } = asked;
  const begun = log.read(selection);
  response.write(begun.subarray(0, limitBytes));
  if (!isFollowed || log.isEnded || begun.length >= limitBytes) {
    response.end();
    return;
  }
  await follow(world, log, limitBytes - begun.length, selection.timestamps, response);
}

async function follow(
  { now }: World,
  log: ContainerLog,
  limitBytes: number,
  timestamps: boolean,
  response: ServerResponse,
): Promise<void> {
  let left = limitBytes;
  const stop = log.follow((data) => {
    if (data === undefined || left <= 0) return void response.end();
    const part = timestamps ? stamped(data, now()) : data;
    response.write(part.subarray(0, left));
    left -= part.length;
    if (left <= 0) response.end();
  });
  await new Promise<void>((resolve) => response.once("close", resolve));
  stop();
}

function logOf(
  pod: PodObject,
  nodeName: string,
  container: string,
  kubelet: Kubelet | undefined,
): ContainerLog {
  const { name, uid } = pod.metadata;
  if (kubelet === undefined) {
    const words = `the server could not find the requested resource ( pods/log ${name})`;
    throw new Refusal(404, "NotFound", words, { name, kind: "pods/log" });
  }
  if (kubelet.isLost(nodeName)) {
    const words = `Get "https://127.0.0.1:10250/containerLogs/": dial tcp 127.0.0.1:10250: i/o timeout`;
    throw new Refusal(500, "", words);
  }
  const log = kubelet.logOf(uid, container);
  if (log !== undefined) return log;
  const status = pod.status.containerStatuses?.find((one) => one.name === container);
  const waiting = (status?.state as { waiting?: { reason?: string } } | undefined)?.waiting;
  const reason = waiting?.reason ?? "ContainerCreating";
  throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
}

function containerOf({ metadata, spec }: PodObject, asked: string | undefined): string {
  const names = spec.containers.map(({ name }) => name);
  const [first = ""] = names;
  if (asked === undefined) {
    if (names.length === 1) return first;
    throw badRequest(
      `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(" ")}]`,
    );
  }
  if (names.includes(asked)) return asked;
  throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
}

function readQuery({ name = "" }: Target, query: URLSearchParams, nowMs: number) {
  const faults: Fault[] = [];
  const number = (member: string, least: number): number | undefined => {
    const text = query.get(member);
    if (text === null) return undefined;
    if (!/^-?\d+$/.test(text))
      throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
    const value = Number(text);
    if (value < least) {
      const words = `must be greater than ${least === 0 ? "or equal to 0" : "0"}`;
      faults.push(invalidValue(member, value, words));
    }
    return value;
  };
  const tailLines = number("tailLines", 0);
  const limitBytes = number("limitBytes", 1);
  const sinceSeconds = number("sinceSeconds", 1);
  const sinceTime = query.get("sinceTime");
  const sinceTimeMs = sinceTime === null ? undefined : Date.parse(sinceTime);
  if (sinceTimeMs !== undefined && Number.isNaN(sinceTimeMs)) {
    throw badRequest(`parsing time "${sinceTime}" as "2006-01-02T15:04:05Z07:00": cannot parse`);
  }
  if (faults.length > 0) throw invalid("PodLogOptions", name, faults);
  return {
    tailLines,
    limitBytes,
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : nowMs - sinceSeconds * 1000,
    timestamps: query.get("timestamps") === "true",
    isFollowed: query.get("follow") === "true",
  };
}
