/** Environment variables → frozen, validated settings. */
export {
  type CommonSettings,
  commonSettings,
  docsEnabled,
  ENVIRONMENTS,
  type EnvironmentName,
  serviceName,
} from "./common.ts";
export { addressRanges, hostPatterns, httpUrl, integer, onOff, port, word } from "./fields.ts";
export { type Rule, withRules } from "./rules.ts";
export {
  describeSettings,
  type Environment,
  loadSettings,
  type SettingDescription,
  SettingsError,
} from "./settings.ts";
