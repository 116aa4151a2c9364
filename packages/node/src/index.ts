export { RIGHTS } from "./access/rights.ts";
export { ROUTE_ACCESS, type RouteAccess } from "./access/route-access.ts";
export { NodeSettings, SECRET_SETTINGS } from "./config/settings.ts";
export { environmentName } from "./config/setting-name.ts";
export { runNode } from "./run-node.ts";
