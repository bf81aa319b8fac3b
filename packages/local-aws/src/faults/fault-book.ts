// Which faults are on, and which of them hits the call at hand.

import type { Called } from "../operations.ts";
import {
  describeIssues,
  type Fault,
  type FaultInput,
  type FaultKind,
  faultList,
} from "./fault-schema.ts";
import { SharedRate } from "./shared-rate.ts";

interface Entry {
  readonly fault: Fault;
  /** Hits left, where the fault is counted. */
  left: number | undefined;
}

export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

/** Limits on the rate of calls, of several operations together. */
export type RateKind = "sharedRate" | "describeRate";

type NameFault = FaultOf<"iamDeny" | "kmsDeny">;

export class FaultBook {
  private entries: Entry[] = [];
  private rates = new Map<RateKind, SharedRate>();
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** Replaces all faults. Throws a TypeError that names the bad member. */
  set(faults: readonly FaultInput[]): void {
    const parsed = faultList.safeParse(faults);
    if (!parsed.success) throw new TypeError(describeIssues(parsed.error));
    this.entries = parsed.data.map((fault) => ({
      fault,
      left: "count" in fault ? fault.count : undefined,
    }));
    this.rates = new Map(
      parsed.data.flatMap((fault) =>
        fault.kind === "sharedRate" || fault.kind === "describeRate"
          ? [[fault.kind, new SharedRate(fault.perSecond)] as const]
          : [],
      ),
    );
  }

  clear(): void {
    this.entries = [];
    this.rates.clear();
  }

  /** The faults that are on, each with the count that is left. */
  list(): Fault[] {
    return this.entries.map(({ fault, left }) =>
      left === undefined ? fault : ({ ...fault, count: left } as Fault),
    );
  }

  /** The faults that hit this call, in the order they were set; each counted one loses a hit. */
  strike<K extends FaultKind>(
    kinds: readonly K[],
    service: Called,
    operation: string,
    resource = "",
  ): FaultOf<K>[] {
    const hits: FaultOf<K>[] = [];
    for (const entry of [...this.entries]) {
      if (!isOf(entry.fault, kinds) || !aims(entry.fault, service, operation)) continue;
      if (!isAbout(entry.fault, resource)) continue;
      const rate = "rate" in entry.fault ? entry.fault.rate : undefined;
      if (rate !== undefined && this.random() >= rate) continue;
      this.spend(entry);
      hits.push(entry.fault);
    }
    return hits;
  }

  /** The first fault of this kind that names one of these, and which; a counted one loses a hit. */
  strikeName(
    kind: NameFault["kind"],
    operation: string,
    names: readonly string[],
  ): { readonly fault: NameFault; readonly name: string } | undefined {
    for (const entry of [...this.entries]) {
      const { fault } = entry;
      if (!isOf<NameFault["kind"]>(fault, [kind]) || !aims(fault, "ssm", operation)) continue;
      const name = names.find((one) => isLike(fault.names, one));
      if (name === undefined) continue;
      if (fault.rate !== undefined && this.random() >= fault.rate) continue;
      this.spend(entry);
      return { fault, name };
    }
    return undefined;
  }

  /** How far the server's clock is ahead (positive) or behind. */
  clockSkewMs(): number {
    let seconds = 0;
    for (const { fault } of this.entries) {
      if (fault.kind === "clockSkewSeconds") seconds += fault.seconds;
    }
    return seconds * 1000;
  }

  /** Takes one call from a limit; true while there is room or the limit is not on. */
  takeOf(kind: RateKind, nowMs: number): boolean {
    return this.rates.get(kind)?.take(nowMs) ?? true;
  }

  private spend(entry: Entry): void {
    if (entry.left === undefined) return;
    entry.left -= 1;
    if (entry.left === 0) this.entries = this.entries.filter((other) => other !== entry);
  }
}

function isOf<K extends FaultKind>(fault: Fault, kinds: readonly K[]): fault is FaultOf<K> {
  return kinds.some((kind) => kind === fault.kind);
}

function aims(fault: Fault, service: Called, operation: string): boolean {
  if (fault.kind === "stsDown" || fault.kind === "sessionSeconds") return service === "sts";
  if (fault.kind === "badIdentity") return operation === "GetCallerIdentity";
  if (!("service" in fault)) return true;
  if (fault.service !== "*" && fault.service !== service) return false;
  const wanted = "operation" in fault ? fault.operation : undefined;
  return wanted === undefined || wanted === operation;
}

/** Whether the fault is for calls about this resource. */
function isAbout(fault: Fault, resource: string): boolean {
  return !("resource" in fault) || fault.resource === undefined || isLike(fault.resource, resource);
}

/** `*` stands for any characters, slashes too, as in the resources of IAM policies. */
function isLike(glob: string, text: string): boolean {
  const pattern = glob.replace(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${pattern}$`, "s").test(text);
}
