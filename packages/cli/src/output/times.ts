/** Times as people say them. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Two units at most, such as `3 h 20 min`. */
export function duration(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.round(ms / 1000))} s`;
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 60) return `${minutes} min`;
  const [big, bigWord, small, smallWord] =
    minutes < 24 * 60
      ? ([HOUR_MS, "h", MINUTE_MS, "min"] as const)
      : ([DAY_MS, "d", HOUR_MS, "h"] as const);
  const units = Math.round(ms / small);
  const perBig = big / small;
  const rest = units % perBig;
  return `${Math.floor(units / perBig)} ${bigWord}${rest > 0 ? ` ${rest} ${smallWord}` : ""}`;
}

/** `12 min ago` or `in 3 h`; a dash for no time. */
export function relative(iso: string | null | undefined, now: number): string {
  const at = iso ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(at)) return "-";
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

/** In the zone of this machine, to the second: `2026-01-15 17:30:00`. */
export function localTime(iso: string | null | undefined): string | undefined {
  const at = iso ? new Date(iso) : undefined;
  if (!at || Number.isNaN(at.getTime())) return undefined;
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The service's sentences have their times in UTC; beside those of this machine they would be read as such. */
export const inLocalTime = (sentence: string): string =>
  sentence.replace(
    /(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g,
    (utc, day, time) => localTime(`${day}T${time}Z`)?.slice(0, -":00".length) ?? utc,
  );

/** `2026-01-15 17:30:00, in 3 h`. */
export function timeAndDistance(iso: string | null | undefined, now: number): string | undefined {
  const time = localTime(iso);
  return time && `${time}, ${relative(iso, now)}`;
}

/** Hours as they were asked for: `4 h`, `30 min`. */
export const hoursText = (hours: number): string => duration(hours * HOUR_MS);
