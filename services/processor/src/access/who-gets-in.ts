/** Whose keys open a job's box when it starts. */
import { KeysUnavailable, NoSuchKeys, type UserKeys } from "./user-keys.ts";

export interface Asked {
  /** Lines of authorized_keys that came with the submission. */
  readonly ownKeys: readonly string[];
  /** Whose keys are to be looked up; empty: nobody's. */
  readonly user: string;
  /** It ends with its command, so that nobody need log in. */
  readonly needsNobody: boolean;
}

export interface GettingIn {
  readonly authorizedKeys: readonly string[];
  /** What is missing, in a sentence for the owner. */
  readonly trouble?: string | undefined;
}

/** For keys without which the job is of use as well. */
const SHORT_MS = 1000;

/**
 * @throws KeysUnavailable, NoSuchKeys when nobody could log in to what is there for that alone.
 */
export async function whoGetsIn(
  userKeys: UserKeys | undefined,
  { ownKeys, user, needsNobody }: Asked,
  timeoutMs: number,
): Promise<GettingIn> {
  if (user === "") return { authorizedKeys: ownKeys };
  try {
    if (userKeys === undefined) throw new NoSuchKeys("Keys of GITHUB_USER are not looked up here.");
    const isOfUse = ownKeys.length > 0 || needsNobody;
    const found = await userKeys.of(user, isOfUse ? Math.min(SHORT_MS, timeoutMs) : timeoutMs);
    if (found.length === 0) throw new NoSuchKeys(`${user} shows no SSH keys there.`);
    return { authorizedKeys: [...new Set([...ownKeys, ...found])] };
  } catch (error) {
    if (!(error instanceof KeysUnavailable || error instanceof NoSuchKeys)) throw error;
    if (ownKeys.length === 0 && !needsNobody) throw error;
    const who = ownKeys.length === 0 ? "nobody can" : "only ssh_public_keys can";
    return { authorizedKeys: ownKeys, trouble: `${error.message} So ${who} log in.` };
  }
}
