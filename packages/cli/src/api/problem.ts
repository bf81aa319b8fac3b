/** What a refusal of the server means here: its sentence, an exit code, and what to do now. */
import { CliError, EXIT, type ExitCode } from "../cli-error.ts";

/** The members of RFC 9457 that are looked at; of the seed's service there is `detail` alone. */
export interface Problem {
  readonly status: number;
  readonly detail: string;
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

export class ApiError extends CliError {
  readonly problem: Problem;

  constructor(problem: Problem) {
    const { detail, requestId } = problem;
    super(exitOf(problem), detail, { requestId, next: nextOf(problem) });
    this.name = "ApiError";
    this.problem = problem;
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof CliError && error.exit === EXIT.notFound;

/** More of a kind of GPU than any machine has: in the words of the server, as it has no code for that. */
const TOO_MANY_GPUS = /GPU_COUNT: .* takes /;

/** Whether it is about who asks, and not about what is asked for. */
export const isAboutLogin = ({ status, code }: Problem): boolean =>
  status === 401 ||
  (status === 403 && (code === undefined || /^(api_key_|wrong_principal|raw_login)/.test(code)));

function exitOf(problem: Problem): ExitCode {
  const { status, code, detail } = problem;
  if (isAboutLogin(problem)) return EXIT.loginNeeded;
  if (status === 404 || code === "disk_deleted") return EXIT.notFound;
  if (status === 429 || code === "quota_exceeded" || TOO_MANY_GPUS.test(detail)) {
    return EXIT.noCapacity;
  }
  return code === "invalid_body" || code === "invalid_disk_name" ? EXIT.usage : EXIT.failed;
}

function nextOf({ status, code, retryAfterSeconds }: Problem): string | undefined {
  switch (code) {
    case "api_key_disabled":
      return "Whoever runs the service has disabled you, and can enable you again.";
    case "wrong_principal":
      return "Log in with a session of that role, such as `aws sso login --profile gpu-dev`.";
    case "port_not_declared":
      return "gpu-dev submit --port PORT …, for the next one.";
    case "port_closed":
      return "Does it listen on all addresses of the job, and has it begun?";
    case "job_not_found":
      return "`gpu-dev list --status all` has all of your jobs.";
    case "disk_not_found":
      return "`gpu-dev disk list` has your disks.";
    case "disk_not_ready":
      return "`gpu-dev disk show NAME` tells how it is.";
    case "snapshot_not_found":
    case "snapshot_not_ready":
      return "`gpu-dev disk snapshots NAME` has the snapshots.";
    case "disk_cannot_shrink":
      return "A new disk can be as small as what is on it: `gpu-dev disk create NAME --size GB`.";
    case "not_found":
      return "`gpu-dev doctor` tells whether the address is that of the jobs API.";
    case "api_key_not_found":
      return "`gpu-dev keys list` has your keys.";
    case "disk_deleted":
      return "`gpu-dev disk restore NAME` takes a deletion back for 30 days.";
    case "quota_exceeded":
      return "`gpu-dev list` has what you hold; `gpu-dev cancel ID` gives it back.";
    case "gpu_type_unknown":
      return "`gpu-dev avail` has the types.";
    case "job_id_ambiguous":
      return "`gpu-dev list --status all` has whole ids.";
  }
  if (status === 429 || status === 503) {
    return retryAfterSeconds ? `Try again in ${retryAfterSeconds} s.` : "Try again in a moment.";
  }
  return undefined;
}
