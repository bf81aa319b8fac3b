/** Hours as people write them: `4`, `0.5`, `90m`, `1h30m`. */
import { usageError } from "../cli-error.ts";

/** @returns hours. @throws CliError of usage */
export function hoursOf(text: string, flag: string): number {
  const written = text.trim();
  const [, hours, minutes] = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+)m)?$/.exec(written) ?? [];
  const isPlain = /^\d+(?:\.\d+)?$/.test(written);
  const sum = isPlain ? Number(written) : Number(hours ?? 0) + Number(minutes ?? 0) / 60;
  // five minutes, as the service has it
  if (sum >= 0.0833 && sum <= 8760) return sum;
  throw usageError(`${flag} is a number of hours from five minutes on: 4, 0.5, 90m or 1h30m.`);
}
