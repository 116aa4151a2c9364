export { NodeSettings, SECRET_SETTINGS } from "./config/settings.ts";
export { environmentName } from "./config/setting-name.ts";
export { runNode } from "./run-node.ts";
