/** A service with an operator, and another replica of it, as tests of operators' routes share them. */
import assert from "node:assert/strict";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { type AskOptions, type JobsRig, SEED_JOB, startJobs, startWorld } from "./harness.ts";

export const ROLE = "SSOCloudDevGpuReservation";
export const ALICE = `aws:111122223333:${ROLE}:alice@example.com`;

export interface AuditLine {
  readonly event: string;
  readonly outcome: string;
  readonly caller: string;
  readonly username: string;
  readonly status: number;
  readonly route: string;
  readonly [field: string]: unknown;
}

export const auditsOf = (rig: JobsRig): AuditLine[] =>
  rig.lines
    .map((line) => JSON.parse(line))
    .filter(({ audit, event }) => audit && event.startsWith("admin_"));

export async function startAdminWorld() {
  const world = await startWorld();
  const database = await world.cluster.createDatabase();
  const env = { ADMIN_SUBJECTS: ALICE };
  const one = await startJobs(world, database, { env });
  const other = await startJobs(world, database, { env });
  const admin = await one.login();
  const bob = await one.login(KNOWN_SESSIONS.otherGpuUser);

  const asAdmin = (method: string, path: string, body?: object, options: AskOptions = {}) =>
    one.ask(method, `/v1/admin${path}`, { key: admin, ...(body && { body }), ...options });

  const userIdOf = async (name: string): Promise<number> => {
    const { status, body } = await asAdmin("GET", `/users?username=${name}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.users[0].user_id;
  };
  const submit = async (key: string, more: object = {}): Promise<string> => {
    const body = { ...SEED_JOB, disk_name: null, disk_size_gb: null, ...more };
    const answer = await one.ask("POST", "/v1/jobs/submit", { key, body });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.job_id;
  };
  /** `admin` and `bob` are keys. */
  return { world, database, one, other, db: one.db, admin, bob, asAdmin, userIdOf, submit };
}
