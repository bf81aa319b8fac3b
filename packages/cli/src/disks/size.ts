/** Sizes of disks as they are typed. */
import { usageError } from "../cli-error.ts";

/** Whole GB; how many there may be the service says. @throws CliError of usage */
export function sizeOf(text: string, what: string): number {
  const digits = /^(\d{1,6})(?:\s?Gi?B?)?$/i.exec(text)?.[1];
  if (digits === undefined || Number(digits) === 0) {
    throw usageError(`${what} is a number of GB, such as 500.`);
  }
  return Number(digits);
}
