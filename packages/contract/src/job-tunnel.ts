/** Tunnels to a job: which ports they reach, and how they end. */
import * as z from "zod";
import { integerWord } from "./query-words.ts";

/** What is asked for as 22 is the job's sshd, which may not listen below 1024. */
export const SSH_PORT = 22;
export const POD_SSH_PORT = 2222;
export const JUPYTER_PORT = 8888;

const error = "must be a port, 1 to 65535";

/** The same for the gateway and jobs. */
export const JobTunnelQuery = z.strictObject({
  port: z
    .string({ error })
    .regex(/^[1-9]\d{0,4}$/, { error })
    .transform(Number)
    .pipe(z.int().max(65_535, { error }))
    .meta({
      ...integerWord(1, 65_535),
      description: "22 (its sshd), 8888 (Jupyter Lab) or one that the job declared in `ports`.",
    }),
});

/** Codes of close frames (RFC 6455 §7.4): how a tunnel ended. */
export const TUNNEL_CLOSE = {
  /** The job's end of it was closed. */
  done: 1000,
  /** A service on the way stops. */
  goingAway: 1001,
  /** The connection to the job broke. */
  broken: 1011,
  /** The API key was revoked, or its user disabled. */
  forbidden: 4403,
  /** The job is over. */
  jobEnded: 4404,
} as const;
