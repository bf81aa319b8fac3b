/** Who are operators: callers of API keys, by the globs of ADMIN_SUBJECTS. */
import { compileFlatGlob, keyCaller, keyCallerFault } from "@airlock/identity";
import * as z from "zod";

/** Names may hold commas, so one divides only where the next subject is seen to begin. */
const BETWEEN = /,?\s+|,(?=aws:|$)/;

/** For the schema of an environment. */
export const adminSubjects = () =>
  z
    .string()
    .transform((text) => text.split(BETWEEN).filter((subject) => subject !== ""))
    .superRefine((subjects, context) => {
      const faults = subjects.flatMap((subject) => keyCallerFault(subject) ?? []);
      if (subjects.length === 0) faults.push("names nobody; leave it out");
      for (const message of faults) context.addIssue({ code: "custom", message });
    });

/** @returns whether a caller, as `keyCaller` of packages/identity writes it, is an operator. */
export function createIsAdmin(
  subjects: readonly string[],
): (caller: string | undefined) => boolean {
  const globs = subjects.map(compileFlatGlob);
  return (caller) => caller !== undefined && globs.some((matches) => matches(caller));
}

export interface WhoMayLogIn {
  readonly ALLOWED_AWS_ACCOUNTS: readonly string[];
  readonly ALLOWED_AWS_ROLE: string;
}

/** Names of sessions that have nothing in common: who matches both says nothing of the session. */
const ANY_SESSIONS = ["xx", "00"];
/** The same of what Identity Center puts behind the name of a permission set. */
const ANY_SUFFIXES = ["0".repeat(16), "f".repeat(16)];

/** Whether some account's users are all operators, whatever their sessions are called. */
export function isOpenToAll(
  subjects: readonly string[],
  { ALLOWED_AWS_ACCOUNTS: accounts, ALLOWED_AWS_ROLE: role }: WhoMayLogIn,
): boolean {
  const isAdmin = createIsAdmin(subjects);
  const roles = role.endsWith("_*") ? ANY_SUFFIXES.map((end) => role.slice(0, -1) + end) : [role];
  return accounts.some((account) =>
    ANY_SESSIONS.every((session) =>
      roles.every((one) => isAdmin(keyCaller({ account, role: one, session }))),
    ),
  );
}
