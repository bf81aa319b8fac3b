/** What this package asks of a log. */

/** The part of pino's logger that is used here. */
export interface IdentityLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
