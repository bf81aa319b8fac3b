/** Requests of the check, and what they must come to. */
import { createLocalIssuer } from "@airlock/local-issuer";
import { ask } from "../../../scenarios/src/rig/ask.ts";
import type { ServiceProcess } from "../../../scenarios/src/rig/service-process.ts";
import type { Stage } from "../../../scenarios/src/scenario.ts";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What needs no key of a user, by the service that answers it: asked at the gateway … */
export const THROUGH_GATEWAY = {
  aux: { method: "GET", path: "/config/my-parameter" },
  jobs: { method: "POST", path: "/v1/auth/challenge" },
} as const;
/** … and past it. */
export const DIRECT = {
  aux: { method: "GET", path: "/parameters/my-parameter" },
  jobs: THROUGH_GATEWAY.jobs,
} as const;

/** Checks the status of one answer. */
export async function expect(
  stage: Stage,
  what: string,
  wanted: number,
  url: string,
  { path, ...options }: Request,
): Promise<void> {
  const { status, error } = await ask(url, path, options);
  stage.check(what, String(wanted), status === wanted, "1 request", error ?? String(status));
}

/** The same, and that the service counted it once, under the one reason that is right. */
export async function expectCounted(
  stage: Stage,
  what: string,
  wanted: number,
  service: ServiceProcess,
  { path, ...options }: Request,
  { name, outcome }: { readonly name: string; readonly outcome: string },
): Promise<void> {
  const countOf = () => service.metric(name, `outcome="${outcome}"`);
  const before = await countOf();
  const { status, error } = await ask(service.url, path, options);
  const counted = (await countOf()) - before;
  const isKept = status === wanted && counted === 1;
  const result = `${error ?? status}, ${outcome} × ${counted}`;
  stage.check(what, `${wanted}, ${outcome} × 1`, isKept, "1 request", result);
}

/** A token that is right in everything but the cluster whose key signed it. */
export async function foreignToken(iss: string, sub: string, aud: string): Promise<string> {
  const other = await createLocalIssuer();
  const token = await other.mint({ iss, sub, aud: [aud] });
  await other.close();
  return token;
}
