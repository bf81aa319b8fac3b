/** What every request to an API server has. */
import type { Access } from "./access.ts";

const USER_AGENT = "airlock-processor";

/** Behind a proxy the server has a path of its own. */
export const pathAt = ({ server }: Access, path: string): string => {
  const { pathname } = new URL(server);
  return pathname === "/" ? path : pathname + path;
};

export function headersOf({ authorization }: Access): Record<string, string> {
  return {
    accept: "application/json",
    "user-agent": USER_AGENT,
    ...(authorization !== undefined && { authorization }),
  };
}
