/** The keys that encrypt what jobs find in their environment. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { StoreLog } from "./log.ts";
import { createSealer, parseSealingKeys, type Sealer } from "./sealing.ts";

/** Names the file and no more: its content is secret. */
export class SealingKeysError extends Error {}

/** @throws SealingKeysError when the file cannot be read or holds something else. */
export function openSealer(path: string | undefined, logger: Pick<StoreLog, "warn">): Sealer {
  if (path === undefined) {
    logger.warn({}, "ENV_VARS_KEYS_FILE is not set: env_vars can be read until this process ends");
    return createSealer([{ id: "process", key: randomBytes(32) }]);
  }
  try {
    return createSealer(parseSealingKeys(readFileSync(path, "utf8")));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new SealingKeysError(`ENV_VARS_KEYS_FILE: ${words}`);
  }
}
