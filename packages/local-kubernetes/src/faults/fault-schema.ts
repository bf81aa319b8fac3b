/** The faults that can be switched on, as the control endpoint and the in-process methods take them. */
import * as z from "zod";
import { VERBS } from "../api/target.ts";
import { KIND_NAMES, type KindName } from "../kind-names.ts";

const kindNames = Object.keys(KIND_NAMES) as [KindName, ...KindName[]];

const target = {
  verb: z.enum([...VERBS, "*"]).default("*"),
  kind: z.enum([...kindNames, "*"]).default("*"),
  /** Only requests about objects of this name; `*` stands for any characters. */
  name: z.string().min(1).max(253).optional(),
  /** Share of the requests that are hit. */
  rate: z.number().min(0).max(1).optional(),
  /** Hits before the fault is gone. */
  count: z.int().min(1).max(1_000_000).optional(),
};
const delayMs = z.int().min(0).max(600_000);
const watches = { ...target, verb: z.literal("watch").default("watch") };

const faults = [
  z.strictObject({
    fault: z.literal("throttle"),
    ...target,
    retryAfterSeconds: z.int().min(1).max(600).default(1),
  }),
  z.strictObject({
    fault: z.literal("error"),
    ...target,
    status: z.int().min(500).max(599).default(500),
  }),
  /** A refusal in the server's own words, such as `exceeded quota: …`. */
  z.strictObject({
    fault: z.literal("refuse"),
    ...target,
    status: z.int().min(400).max(599).default(403),
    reason: z.string().max(64).default("Forbidden"),
    message: z.string().min(1).max(2000),
  }),
  /** Waits, then does what it is asked. */
  z.strictObject({ fault: z.literal("slow"), ...target, delayMs }),
  /** Does what it is asked at once, and answers late. */
  z.strictObject({ fault: z.literal("lateAnswer"), ...target, delayMs }),
  /** The connection ends before anything is done. */
  z.strictObject({ fault: z.literal("lostRequest"), ...target }),
  /** It is done, and the connection ends before the answer. */
  z.strictObject({ fault: z.literal("lostAnswer"), ...target }),
  /** Neither done nor answered; the connection stays. */
  z.strictObject({ fault: z.literal("hang"), ...target }),
  /** The connection of a watch ends after so many events. */
  z.strictObject({
    fault: z.literal("dropWatch"),
    ...watches,
    afterEvents: z.int().min(0).max(10_000).default(0),
  }),
  /** A watch stays open and tells nothing any more. */
  z.strictObject({ fault: z.literal("silentWatch"), ...watches }),
  /** Each event comes twice. */
  z.strictObject({ fault: z.literal("duplicateEvents"), ...watches }),
  z.strictObject({ fault: z.literal("delayEvents"), ...watches, delayMs }),
  /** 410: as an ERROR event inside a 200, or as the answer itself. */
  z.strictObject({
    fault: z.literal("gone"),
    ...watches,
    how: z.enum(["event", "status"]).default("event"),
  }),
] as const;

const one = z.discriminatedUnion("fault", faults);
export const faultList = z.array(one).max(100);

export type Fault = z.output<typeof one>;
export type FaultInput = z.input<typeof one>;
export type FaultName = Fault["fault"];
export type FaultOf<N extends FaultName> = Extract<Fault, { fault: N }>;

/** One readable sentence out of a zod error: where, and what is wrong. */
export const describeIssues = (error: z.ZodError): string =>
  error.issues
    .map(({ path, message }) => `${path.length === 0 ? "body" : path.join(".")}: ${message}`)
    .join("; ");
