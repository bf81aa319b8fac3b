/** What the log says of a service that starts with a door open on purpose. */
import type { EnvironmentName } from "@airlock/config";
import type { CallerSettings } from "./caller-settings.ts";
import type { LayerPresentSettings, LayerVerifySettings } from "./layer-settings.ts";

type Doors = Pick<CallerSettings, "GATEWAY_AUTH"> & {
  // a service may have further choices, of which none leaves it open
  readonly LAYER_AUTH?: LayerPresentSettings["LAYER_AUTH"] | "sigv4";
} & Pick<LayerVerifySettings, "LAYER_AUTH_MODE">;

/** What each open door means, by its setting and value. */
const MEANINGS: Readonly<Record<keyof Doors, Readonly<Record<string, string>>>> = {
  GATEWAY_AUTH: { none: "callers are not asked who they are" },
  LAYER_AUTH: { none: "the next service gets no proof of who is calling" },
  LAYER_AUTH_MODE: {
    off: "any service may call",
    observe: "calls without proof are counted, not refused",
  },
};
const UNSET: Readonly<Record<keyof Doors, string>> = {
  GATEWAY_AUTH: "none",
  LAYER_AUTH: "none",
  LAYER_AUTH_MODE: "off",
};

/**
 * One sentence for each door that these settings leave open.
 *
 * @param doors the settings that this service has; an unset one is open, as it is in dev.
 */
export function openDoors(settings: Partial<Doors>, doors: readonly (keyof Doors)[]): string[] {
  return doors.flatMap((door) => {
    const choice = settings[door] ?? UNSET[door];
    const meaning = MEANINGS[door][choice];
    return meaning === undefined ? [] : [`${door} is ${choice}: ${meaning}`];
  });
}

interface DoorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** One line for all open doors, and none where none is: in dev they are as they should be. */
export function logOpenDoors(
  log: DoorLog,
  settings: Partial<Doors> & { readonly ENVIRONMENT: EnvironmentName },
  doors: readonly (keyof Doors)[],
): void {
  const open = openDoors(settings, doors);
  const level = settings.ENVIRONMENT === "dev" ? "info" : "warn";
  if (open.length > 0) log[level]({ open_doors: open }, `open on purpose: ${open.join("; ")}`);
}
