import type { NodeDisk } from "./node-disk.ts";
import type { SimDatabase } from "./sim-database.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** What one life of a node works with. */
export interface NodeParts {
  readonly nodeId: string;
  readonly process: SimProcess;
  readonly database: SimDatabase;
  readonly disk: NodeDisk;
  readonly world: World;
}
