/** `/v1/admin`: what operators may do. */
import type { App } from "@airlock/http";
import type { Retention } from "@airlock/jobs-store";
import { adminScope } from "../admin/admin-scope.ts";
import type { ApiDeps } from "../deps.ts";
import { adminDeadOrderRoutes } from "./admin-dead-orders.ts";
import { adminJobRoutes } from "./admin-jobs.ts";
import { adminLimitRoutes } from "./admin-limits.ts";
import { adminUpkeepRoutes } from "./admin-upkeep.ts";
import { adminUserChangeRoutes } from "./admin-user-changes.ts";
import { adminUserRoutes } from "./admin-users.ts";

export interface AdminOptions {
  readonly isAdmin: (caller: string | undefined) => boolean;
  readonly retention: Retention;
}

export async function adminRoutes(app: App, api: ApiDeps, options: AdminOptions): Promise<void> {
  const { isAdmin, retention } = options;
  await adminScope(app, { isAdmin, audit: api.audit }, (scope) => {
    adminUserRoutes(scope, api);
    adminUserChangeRoutes(scope, api);
    adminJobRoutes(scope, api);
    adminLimitRoutes(scope, api);
    adminDeadOrderRoutes(scope, api);
    adminUpkeepRoutes(scope, api, retention);
  });
}
