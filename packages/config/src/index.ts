/** Environment variables → frozen, validated settings; what keeps files and AWS sessions fresh while a process runs. */
export { AwsClock, type ClockOptions } from "./aws-clock.ts";
export {
  type CommonSettings,
  commonSettings,
  docsEnabled,
  ENVIRONMENTS,
  type EnvironmentName,
  serviceName,
  tunnelSettings,
} from "./common.ts";
export { addressRanges, hostPatterns, httpUrl, integer, onOff, port, word } from "./fields.ts";
export { type Followed, fileVersion, followFile } from "./follow-file.ts";
export { createLogPace } from "./log-pace.ts";
export { nearNames } from "./near-names.ts";
export { RefreshPace } from "./refresh-pace.ts";
export { type Rule, withRules } from "./rules.ts";
export {
  describeSettings,
  type Environment,
  loadSettings,
  type SettingDescription,
  SettingsError,
} from "./settings.ts";
