/** Dates as HTTP writes them, in the three forms of RFC 9110 §5.6.7. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hours>[01]\\d|2[0-3]):(?<minutes>[0-5]\\d):(?<seconds>[0-5]\\d|60)";
const FORMS = [
  `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));
/** A year of two digits that seems further ahead is in the past. */
const MAX_YEARS_AHEAD = 50;

/** Milliseconds since the epoch; undefined for what is no such date, which is no condition at all. */
export function httpDateMs(text: string | undefined, nowMs = Date.now()): number | undefined {
  const trimmed = text?.trim() ?? "";
  for (const form of FORMS) {
    const parts = form.exec(trimmed)?.groups;
    if (!parts) continue;
    const { year = "", month = "", day = "", hours, minutes, seconds } = parts;
    const monthIndex = MONTHS.indexOf(month);
    const date = new Date(0);
    date.setUTCFullYear(yearOf(year, nowMs), monthIndex, Number(day));
    if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== Number(day)) return undefined;
    return date.setUTCHours(Number(hours), Number(minutes), Number(seconds));
  }
  return undefined;
}

function yearOf(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(digits);
  return year > thisYear + MAX_YEARS_AHEAD ? year - 100 : year;
}
