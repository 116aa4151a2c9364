import { LeaseElection, type PromiseRequest } from "@understudy/election";
import { messageOf, orAbort, silentLogger, withDeadline } from "@understudy/kernel";
import { breakStore } from "./broken-store.ts";
import type { Ack, Delivery, JoinAnswer, JoinRequest } from "./messages.ts";
import type { NodeDisk } from "./node-disk.ts";
import { SimDatabase } from "./sim-database.ts";
import { SimHost } from "./sim-host.ts";
import type { SimMaster } from "./sim-master.ts";
import { SimProcess } from "./sim-process.ts";
import { SimSlave } from "./sim-slave.ts";
import { StoreClient } from "./store-client.ts";
import type { World } from "./world.ts";

/** One node's life that runs now. */
interface Life {
  readonly process: SimProcess;
  readonly slave: SimSlave;
  readonly host: SimHost;
  readonly election: LeaseElection;
}

/** What a {@link SimNode} needs. */
export interface SimNodeOptions {
  readonly nodeId: string;
  /** From 1. */
  readonly serverId: number;
  readonly rate: number;
  readonly world: World;
}

const CONFIRM_WAIT_MS = 2500;
const DRAIN_MS = 3000;

/** A whole node: its database server and disk, which last, and its process, which may die and come again. */
export class SimNode {
  readonly nodeId: string;
  readonly database: SimDatabase;
  readonly disk: NodeDisk;
  wallOffsetMs = 0;
  /** Its machine is gone, not only its process: nothing refuses connections. */
  isSilent = false;
  readonly #of: SimNodeOptions;
  #life: Life | null = null;
  #isGateHeld = false;
  #underWay = 0;

  constructor(options: SimNodeOptions) {
    this.#of = options;
    this.nodeId = options.nodeId;
    const { world, serverId } = options;
    const startsNewCluster = serverId === 1;
    this.disk = {
      closedEpoch: 0n,
      seenEpoch: 0n,
      mustReach: null,
      hasJoined: startsNewCluster,
      startsNewCluster,
      quarantine: [],
    };
    this.database = new SimDatabase({
      flavour: world.flavour,
      scheduler: world.scheduler,
      serverId,
      onCommit: (transaction) => world.checker.onCommit(transaction),
    });
  }

  get isRunning(): boolean {
    return this.#life !== null;
  }

  /** Whether its address refuses connections; null where nothing answers at all. */
  get refusesConnections(): boolean | null {
    if (this.isSilent) return null;
    return this.#life === null;
  }

  get election(): LeaseElection | null {
    return this.#life?.election ?? null;
  }

  get master(): SimMaster | null {
    return this.#life?.host.master ?? null;
  }

  start(): void {
    if (this.#life) return;
    const { world, rate } = this.#of;
    const { scheduler, chance, network, store, storeTrouble, timings, maxLagMs, rules, log } = world;
    const { nodeId, database, disk } = this;
    const process = new SimProcess({ scheduler, chance, rate, wallOffsetMs: () => this.wallOffsetMs });
    // what an earlier life had sent to the database server ends with its sessions
    database.endSessions();
    if (disk.mustReach !== null) database.replace([]);
    this.#isGateHeld = false;
    this.#underWay = 0;
    const parts = { nodeId, process, database, disk, world };
    const slave = new SimSlave(parts);
    const host = new SimHost(parts, slave);
    const { requestTimeoutMs: timeoutMs } = timings;
    const client = new StoreClient({
      nodeId,
      process,
      store,
      network,
      scheduler,
      chance,
      trouble: storeTrouble,
      timeoutMs,
    });
    const election = new LeaseElection({
      nodeId,
      url: `http://${nodeId}`,
      store: breakStore(client, rules.broken, nodeId),
      host,
      clock: process.clock,
      logger: { ...silentLogger, error: (_fields, message) => log.add(nodeId, `error: ${message}`) },
      timings,
      maxLagMs,
      broken: rules.broken,
    });
    this.#life = { process, slave, host, election };
    log.add(nodeId, "starts");
  }

  kill(): void {
    this.#life?.process.kill();
    this.#life?.host.master?.end();
    this.#life = null;
  }

  freeze(): void {
    this.#life?.process.freeze();
  }

  thaw(): void {
    this.#life?.process.thaw();
  }

  receiveDelivery(delivery: Delivery): void {
    const life = this.#life;
    life?.process.receive(() => life.slave.receive(delivery));
  }

  receiveAck(ack: Ack): void {
    const life = this.#life;
    life?.process.receive(() => life.host.master?.onAck(ack));
  }

  receiveJoin(request: JoinRequest, answer: (answer: JoinAnswer) => void): void {
    const life = this.#life;
    const { network } = this.#of.world;
    life?.process.receive(() => {
      const decided = life.host.master?.join(request) ?? { kind: "refuse" };
      network.send(this.nodeId, request.nodeId, () => answer(decided));
    });
  }

  receivePromiseRequest(leader: PromiseRequest, answer: (isPromised: boolean) => void): void {
    const life = this.#life;
    const { network } = this.#of.world;
    life?.process.receive(() => {
      const isPromised = life.election.promise(leader);
      network.send(this.nodeId, leader.nodeId, () => answer(isPromised));
    });
  }

  /** A client's write: it is told to the checker when it is confirmed, and not where it is not. */
  write(id: string, wantsAcks: boolean): void {
    this.#client(async (life, master) => {
      const { world } = this.#of;
      const { epoch } = master;
      life.election.checkLeads(epoch);
      world.checker.onAccepted(this.nodeId, epoch);
      const committed = Promise.withResolvers<number | null>();
      this.database.commit({ id, epoch, beginsEpoch: false }, world.chance.between(0.5, 4), (transaction) => {
        const length = transaction && this.database.history.length;
        life.process.receive(() => committed.resolve(length));
      });
      const length = await committed.promise;
      if (length === null) return;
      master.deliver();
      if (wantsAcks) await this.#waitAcked(life, master, { length, round: 0 });
      life.election.checkLeads(epoch);
      if (life.host.master === master)
        world.checker.onConfirmed({ nodeId: this.nodeId, id, epoch, wantsAcks });
    });
  }

  /** A strong read: it answers with what is there, once it is known that this node led while it read, and that others have it. */
  read(): void {
    this.#client(async (life, master) => {
      const { world } = this.#of;
      const { epoch } = master;
      const begun = world.checker.beginRead();
      life.election.checkLeads(epoch);
      const { length } = this.database.history;
      const round = master.nextRound();
      await this.#waitAcked(life, master, { length, round });
      life.election.checkLeads(epoch);
      if (life.host.master === master) {
        world.checker.onRead({
          nodeId: this.nodeId,
          epoch,
          history: this.database.history.slice(0, length),
          begun,
        });
      }
    });
  }

  /** Hands the lead over: new writes are held, those under way end, and the other has all before it gets the key. */
  handOver(to: string): void {
    this.#client(async (life, master) => {
      const { log } = this.#of.world;
      const { clock } = life.process;
      this.#isGateHeld = true;
      try {
        await withDeadline({ clock, ms: DRAIN_MS, signal: new AbortController().signal }, async (signal) => {
          await master.progress.until(() => this.#underWay === 1 && master.hasAll(to), signal);
          log.add(this.nodeId, `hands over to ${to}`);
          await life.election.handOver(to, signal);
        });
      } catch (error) {
        log.add(this.nodeId, `could not hand over to ${to}: ${messageOf(error)}`);
      } finally {
        this.#isGateHeld = false;
      }
    });
  }

  /** Takes the lead by a person's word, where nothing is lost by it. */
  force(): void {
    const life = this.#life;
    const { log } = this.#of.world;
    life?.process.receive(() => {
      log.add(this.nodeId, "is told to take the lead");
      life.election
        .force({ acceptLoss: false }, new AbortController().signal)
        .catch((error: unknown) => log.add(this.nodeId, `does not: ${messageOf(error)}`));
    });
  }

  #client(task: (life: Life, master: SimMaster) => Promise<void>): void {
    const life = this.#life;
    life?.process.receive(() => {
      const { master } = life.host;
      if (!master || this.#isGateHeld) return;
      this.#underWay++;
      task(life, master)
        .catch(() => undefined)
        .finally(() => {
          if (this.#life !== life) return;
          this.#underWay--;
          master.progress.notify();
        });
    });
  }

  /** Resolves when all that is agreed on for confirmation holds; it is looked at again until the very moment. */
  async #waitAcked(
    life: Life,
    master: SimMaster,
    what: { readonly length: number; readonly round: number },
  ): Promise<void> {
    const { broken } = this.#of.world.rules;
    if (broken === "acks") return;
    const { clock } = life.process;
    await withDeadline(
      { clock, ms: CONFIRM_WAIT_MS, signal: new AbortController().signal },
      async (signal) => {
        for (;;) {
          const { sync } = life.election;
          if (!sync) throw new Error("it leads no more");
          const next = Promise.race([master.progress.next(), sync.changed.next()]);
          const conditions = sync.conditions();
          if (conditions?.every((set) => master.isAcked(set, what))) return;
          await orAbort(next, signal);
        }
      },
    );
  }
}
