/** Environment variables → frozen, validated settings; files that change while a process runs. */
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
export { type Rule, withRules } from "./rules.ts";
export {
  describeSettings,
  type Environment,
  loadSettings,
  type SettingDescription,
  SettingsError,
} from "./settings.ts";
