export { ensureDataDirectories } from "./data-directories.ts";
export { findDatabaseProgram, type DatabaseProgram } from "./database-program.ts";
export { openDatabaseServer, type DatabaseServer, type DatabaseServerOptions } from "./database-server.ts";
export { findFreePort, isPortFree } from "./free-port.ts";
export { endLeftover } from "./leftover-process.ts";
export { isProcessAlive } from "./process-identity.ts";
export { openTestServer, testFlavours, type TestServerOptions } from "./test-server.ts";
