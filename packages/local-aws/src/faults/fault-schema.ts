// The faults that can be switched on, as the control endpoint and the in-process methods take them.

import { z } from "zod";
import { DOORS, isKnownOperation, SERVICES } from "../operations.ts";

const DOOR_NAMES = Object.keys(DOORS) as (keyof typeof DOORS)[];
const service = z.enum([...SERVICES, ...DOOR_NAMES, "*"]);
const limits = {
  /** Share of the matching calls that are hit; the rest pass unharmed. */
  rate: z.number().min(0).max(1).optional(),
  /** The fault hits this many calls and is then gone. */
  count: z.int().min(1).max(1_000_000).optional(),
};
const target = {
  service: service.default("*"),
  operation: z.string().min(1).optional(),
  ...limits,
};

/** Parameters whose name, with its leading slash, or ARN is like this; `*` stands for any characters. */
const names = {
  service: z.literal("ssm").default("ssm"),
  operation: z.string().min(1).optional(),
  names: z.string().min(1),
  ...limits,
};

const kinds = [
  z.strictObject({ kind: z.literal("throttle"), ...target }),
  z.strictObject({ kind: z.literal("error500"), ...target }),
  z.strictObject({
    kind: z.literal("slowDown"),
    ...target,
    service: z.literal("s3").default("s3"),
  }),
  z.strictObject({ kind: z.literal("hang"), ...target }),
  z.strictObject({ kind: z.literal("slow"), ...target, delayMs: z.int().min(0).max(600_000) }),
  z.strictObject({ kind: z.literal("reset"), ...target }),
  z.strictObject({ kind: z.literal("emptyPage"), ...target }),
  z.strictObject({ kind: z.literal("shortPages"), ...target }),
  z.strictObject({ kind: z.literal("iamDeny"), ...names }),
  z.strictObject({
    kind: z.literal("kmsDeny"),
    how: z.enum(["accessDenied", "disabled"]).default("accessDenied"),
    ...names,
  }),
  z.strictObject({
    kind: z.literal("refuse"),
    ...target,
    /** Name of the error, in the form that each service gives it. */
    code: z.string().regex(/^[\w.]{1,64}$/, { error: "must be the name of an error" }),
    status: z.int().min(300).max(599).default(400),
    /** Only calls about it, as the list of calls names it; `*` stands for any characters. */
    resource: z.string().min(1).max(2048).optional(),
  }),
  z.strictObject({
    kind: z.literal("answer"),
    ...target,
    status: z.int().min(200).max(599).default(200),
    body: z.string().max(65_536).default(""),
    contentType: z.string().min(1).max(100).default("text/html"),
  }),
  z.strictObject({
    kind: z.literal("lose"),
    service: z.literal("execute-api").default("execute-api"),
    /** Bytes of the answer's body that still come through; none: not even its head does. */
    afterBytes: z.int().min(0).default(0),
    ...limits,
    /** Method and path, such as `POST /parameters/batch`; `*` stands for any characters. */
    resource: z.string().min(1).max(2048).optional(),
  }),
  z.strictObject({
    kind: z.literal("stsDown"),
    how: z.enum(["503", "reset"]).default("503"),
    ...limits,
  }),
  z.strictObject({
    kind: z.literal("badIdentity"),
    how: z.enum(["redirect", "oversized", "xmlInJson"]),
    ...limits,
  }),
  z.strictObject({
    kind: z.literal("sessionSeconds"),
    seconds: z.int().min(1).max(43_200),
    ...limits,
  }),
  z.strictObject({
    kind: z.literal("clockSkewSeconds"),
    seconds: z.int().min(-31_536_000).max(31_536_000),
  }),
  z.strictObject({
    kind: z.literal("sharedRate"),
    perSecond: z.int().min(1).max(10_000).default(40),
  }),
  z.strictObject({
    kind: z.literal("describeRate"),
    perSecond: z.int().min(1).max(10_000).default(1),
  }),
] as const;

const fault = z.discriminatedUnion("kind", kinds, {
  error: (issue) =>
    issue.code === "invalid_union"
      ? `expected one of ${kinds.map(({ shape }) => shape.kind.value).join(", ")}`
      : undefined,
});

export const faultList = z
  .array(fault.superRefine(refuseUnknownOperation))
  .max(100)
  .describe("All faults that shall be on; those not listed are off.");

export type Fault = z.output<typeof fault>;
export type FaultInput = z.input<typeof fault>;
export type FaultKind = Fault["kind"];

function refuseUnknownOperation(value: Fault, context: z.RefinementCtx): void {
  if (!("operation" in value) || value.operation === undefined) return;
  if (isKnownOperation(value.service, value.operation)) return;
  context.addIssue({
    code: "custom",
    path: ["operation"],
    message: `no operation "${value.operation}" in service "${value.service}"`,
  });
}

/** One readable sentence out of a zod error: where, and what is wrong. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map(describeIssue).join("; ");
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? "body" : issue.path.join(".");
  if (issue.code !== "invalid_union" || issue.errors.length === 0) {
    return `${where}: ${issue.message}`;
  }
  // None of several forms fits: say what each of them lacks.
  const forms = issue.errors.map((issues) => issues.map(describeIssue).join("; "));
  const either = forms.join(" - or ");
  return issue.path.length === 0 ? either : `${where}: ${either}`;
}
