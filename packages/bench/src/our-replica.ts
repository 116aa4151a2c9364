import type { DatabaseServer } from "@understudy/database-server";
import { UnderstudyError } from "@understudy/protocol";
import type { NodeProcess, Sandbox } from "@understudy/sandbox";
import type { Replica } from "./replica.ts";

/** A master node beside the source and a slave node beside the replica, each a process as it is run in earnest. */
export class OurReplica implements Replica {
  readonly name = "ours";
  readonly database: DatabaseServer;
  readonly master: NodeProcess;
  readonly masterUrl: string;
  readonly slave: NodeProcess;

  constructor(sandbox: Sandbox) {
    const [slave] = sandbox.slaves;
    if (!slave) throw new UnderstudyError("internal", "the sandbox of the benchmark has no slave");
    this.database = slave.database;
    this.master = sandbox.master.process;
    this.masterUrl = sandbox.master.url;
    this.slave = slave.process;
  }

  get pids(): readonly (number | null)[] {
    return [this.master.pid, this.slave.pid, this.database.pid];
  }

  /** Starts the processes that do not run. */
  async start(): Promise<void> {
    await this.master.start();
    await this.slave.start();
  }

  /** Stops the slave; the master goes on, as it does when a slave is down. */
  async stop(): Promise<void> {
    await this.slave.stop();
  }

  async rest(): Promise<void> {
    await this.slave.stop();
    await this.master.stop();
  }
}
