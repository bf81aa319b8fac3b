/** What one of several processes may ask of AWS, where all of them together may ask what the settings say. */
import type { Settings } from "../settings.ts";

/** Less than one call a second, where there are more processes than calls. */
export function ownShare(settings: Settings): Settings {
  const { RESERVED_CONCURRENCY: processes } = settings;
  return {
    ...settings,
    SSM_CALLS_PER_SECOND: settings.SSM_CALLS_PER_SECOND / processes,
    SSM_DESCRIBE_CALLS_PER_SECOND: settings.SSM_DESCRIBE_CALLS_PER_SECOND / processes,
  };
}
