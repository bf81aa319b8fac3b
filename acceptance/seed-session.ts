/** A login as the first client has it, and its way to ask again and again. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { call, json } from "./client.ts";
import type { Given } from "./given.ts";
import { AVAIL, assertJob, type Recorded, replay } from "./recorded-client.ts";

const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;

export interface Session {
  readonly key: string;
  readonly user: string;
}

const hasJobs = "jobs" in ((await json("/")).endpoints as object);

/** Its login hands over the credentials themselves. */
async function logIn(): Promise<Session | undefined> {
  if (!hasJobs || !AWS_SESSION_TOKEN) return undefined;
  const body = JSON.stringify({
    aws_access_key_id: AWS_ACCESS_KEY_ID,
    aws_secret_access_key: AWS_SECRET_ACCESS_KEY,
    aws_session_token: AWS_SESSION_TOKEN,
  });
  const type = { "content-type": "application/json" };
  const { status, text } = await call("/v1/auth/aws-login", "POST", type, body);
  if (status !== 200) return undefined;
  const { api_key, expires_at, username } = JSON.parse(text);
  // compared with a time that has a zone: one without crashes the client
  assert.match(expires_at, /(Z|[+-]\d{2}:\d{2})$/);
  assert.ok(Date.parse(expires_at) > Date.now());
  return { key: api_key, user: username };
}

const found = await logIn();
export const session: Given<Session> = {
  without: hasJobs
    ? "no login with AWS credentials themselves, which the first client knows alone"
    : "this gateway has no jobs",
  find: async () => found,
};
const hasRoom = async ({ key }: Session) => {
  const { h100 } = (await replay(key, AVAIL)).body.availability;
  return h100.known && h100.available > 0;
};
export const room: Given<Session> = {
  without: found === undefined ? session.without : "no h100 GPU is free, or nobody starts jobs",
  find: async () => (found !== undefined && (await hasRoom(found)) ? found : undefined),
};

/** It asks every three seconds, and so is slower than we are. */
const EVERY_MS = 300;

export async function ok(key: string, recorded: Recorded, id?: string) {
  const { status, body } = await replay(key, recorded, id);
  assert.equal(status, 200, `${recorded.method} ${recorded.path}: ${JSON.stringify(body)}`);
  return body;
}

/** Polls as the client does. @returns the first one that is as wanted. */
export async function poll(
  key: string,
  recorded: Recorded,
  id: string,
  isWanted: (job: Job) => boolean,
): Promise<Job> {
  const until = Date.now() + 180_000;
  for (;;) {
    const job = await ok(key, recorded, id);
    assertJob(job);
    if (isWanted(job)) return job;
    assert.ok(Date.now() < until, JSON.stringify(job));
    await delay(EVERY_MS);
  }
}
export interface Job {
  readonly status: string;
  readonly expires_at: string;
  readonly extension_error?: string;
  readonly ssh_command: string;
  readonly jupyter_enabled: boolean;
  readonly jupyter_url: string | null;
  readonly secondary_users: readonly string[];
  readonly add_user_error?: string;
  readonly current_detailed_status?: string;
}
