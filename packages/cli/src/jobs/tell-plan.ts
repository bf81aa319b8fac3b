/** What `--dry-run` says: what would become of a submission now. */
import type { JobPlan } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { EXIT, type ExitCode } from "../cli-error.ts";
import type { Context } from "../context.ts";
import { oneLine } from "../output/text-width.ts";
import { hoursText, inLocalTime } from "../output/times.ts";
import { outlookLines } from "./outlook-lines.ts";
import { type Submission, withoutValues } from "./submission.ts";

/** @returns an exit code other than 0 for what would be refused. */
export async function tellPlan(
  api: Api,
  submission: Submission,
  isJson: boolean,
  { output, clock }: Context,
): Promise<ExitCode | undefined> {
  const plan = await api.post<JobPlan>("/v1/jobs/plan", submission);
  const outcome = plan.admissible
    ? undefined
    : plan.reason.code === "quota"
      ? EXIT.noCapacity
      : EXIT.failed;
  if (isJson) {
    output.json({ request: withoutValues(submission), ...plan });
    return outcome;
  }
  const what = `${plan.gpu_count ? `${plan.gpu_count} × ` : ""}${plan.gpu_type ?? "a job"}`;
  const verdict = !plan.admissible
    ? "would be refused"
    : plan.would_start_now
      ? "would start now"
      : "would wait";
  output.print(`${what} for ${hoursText(plan.duration_hours)} ${verdict}.`);
  if (!plan.would_start_now) output.print(oneLine(inLocalTime(plan.reason.sentence)));
  const { start, position } = plan.would_start_now ? { start: null, position: null } : plan;
  output.print(...outlookLines({ start, position, remedies: plan.remedies }, clock.now()));
  output.print("POST /v1/jobs/submit", JSON.stringify(withoutValues(submission), undefined, 2));
  if (plan.pod) output.note("--json has the pod that would be made.");
  return outcome;
}
