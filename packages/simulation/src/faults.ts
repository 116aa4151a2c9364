import type { SimNode } from "./sim-node.ts";
import { STORE } from "./store-client.ts";
import type { World } from "./world.ts";

/** Something that goes wrong, and how it ends. */
interface Fault {
  readonly what: string;
  readonly begin: () => void;
  readonly end: () => void;
}

type FaultMaker = (world: World) => Fault;

/** What the last one to lead is, so that most faults hit where it hurts. */
function victim(world: World): SimNode {
  const nodes = world.nodeIds.map(world.node);
  const leader = nodes.find(({ master }) => master !== null);
  return leader && world.chance.happens(0.6) ? leader : world.chance.pick(nodes);
}

function other(world: World, node: SimNode): SimNode {
  return world.node(world.chance.pick(world.nodeIds.filter((id) => id !== node.nodeId)));
}

const crashProcess: FaultMaker = (world) => {
  const node = victim(world);
  const isSilent = world.chance.happens(0.3);
  return {
    what: `${node.nodeId} is killed${isSilent ? ", its machine with it" : ""}`,
    begin: () => {
      node.isSilent = isSilent;
      node.kill();
    },
    end: () => {
      node.isSilent = false;
      node.start();
    },
  };
};

const freezeProcess: FaultMaker = (world) => {
  const node = victim(world);
  return { what: `${node.nodeId} freezes`, begin: () => node.freeze(), end: () => node.thaw() };
};

const crashDatabase: FaultMaker = (world) => {
  const node = victim(world);
  return {
    what: `the database server of ${node.nodeId} is killed`,
    begin: () => node.database.crash(),
    end: () => node.database.restart(),
  };
};

const stallDatabase: FaultMaker = (world) => {
  const node = victim(world);
  return {
    what: `the database server of ${node.nodeId} stalls`,
    begin: () => node.database.stall(),
    end: () => node.database.restart(),
  };
};

const crashBoth: FaultMaker = (world) => {
  const node = victim(world);
  return {
    what: `${node.nodeId} and its database server are killed`,
    begin: () => {
      node.kill();
      node.database.crash();
    },
    end: () => {
      node.database.restart();
      node.start();
    },
  };
};

const stopStore: FaultMaker = ({ store }) => ({
  what: "the store is down",
  begin: () => store.stop(),
  end: () => store.start(),
});

const freezeStore: FaultMaker = ({ store }) => ({
  what: "the store freezes",
  begin: () => store.freeze(),
  end: () => store.start(),
});

const troubleStore: FaultMaker = ({ storeTrouble, chance }) => {
  const late = chance.pick([0, 0.1, 0.5]);
  const lostAnswers = chance.pick([0.1, 0.5, 0.9]);
  return {
    what: `the store makes ${late} of all changes late and loses ${lostAnswers} of all answers`,
    begin: () => Object.assign(storeTrouble, { late, lostAnswers }),
    end: () => Object.assign(storeTrouble, { late: 0, lostAnswers: 0 }),
  };
};

const cutFromStore: FaultMaker = (world) => {
  const { nodeId } = victim(world);
  return cut(world, nodeId, STORE);
};

const cutPair: FaultMaker = (world) => {
  const node = victim(world);
  return cut(world, node.nodeId, other(world, node).nodeId);
};

function cut({ network, chance }: World, a: string, b: string): Fault {
  const way = chance.pick(["both", "there", "back"]);
  const links = [
    ...(way === "back" ? [] : [network.link(a, b)]),
    ...(way === "there" ? [] : [network.link(b, a)]),
  ];
  const set = (isCut: boolean): void => {
    for (const link of links) link.isCut = isCut;
  };
  return { what: `${a} and ${b} are cut apart (${way})`, begin: () => set(true), end: () => set(false) };
}

const isolate: FaultMaker = (world) => {
  const { nodeId } = victim(world);
  const keepsStore = world.chance.happens(0.4);
  const ends = [...world.nodeIds.filter((id) => id !== nodeId), ...(keepsStore ? [] : [STORE])];
  const set = (isCut: boolean): void => {
    for (const end of ends) {
      world.network.link(nodeId, end).isCut = isCut;
      world.network.link(end, nodeId).isCut = isCut;
    }
  };
  return {
    what: `${nodeId} is cut off from all nodes${keepsStore ? "" : " and the store"}`,
    begin: () => set(true),
    end: () => set(false),
  };
};

const weaken: FaultMaker = (world) => {
  const { network, chance, nodeIds } = world;
  const { nodeId } = victim(world);
  const ends = [...nodeIds.filter((id) => id !== nodeId), ...(chance.happens(0.5) ? [STORE] : [])];
  const slowMs = chance.pick([0, 50, 400, 900]);
  const loss = chance.pick([0, 0.05, 0.3, 0.7]);
  const doubling = chance.pick([0, 0.3]);
  const set = (isWeak: boolean): void => {
    for (const end of ends) {
      for (const link of [network.link(nodeId, end), network.link(end, nodeId)]) {
        link.slowMs = isWeak ? slowMs : 0;
        link.loss = isWeak ? loss : 0;
        link.doubling = isWeak && end !== STORE ? doubling : 0;
      }
    }
  };
  return {
    what: `the links of ${nodeId} are slow by ${slowMs} ms, lose ${loss}, double ${doubling}`,
    begin: () => set(true),
    end: () => set(false),
  };
};

const stepClock: FaultMaker = (world) => {
  const node = victim(world);
  const byMs = world.chance.pick([-3_600_000, -2000, 2000, 3_600_000]);
  return {
    what: `the clock of ${node.nodeId} steps by ${byMs} ms`,
    begin: () => (node.wallOffsetMs += byMs),
    end: () => undefined,
  };
};

const switchOver: FaultMaker = (world) => {
  const node = victim(world);
  const to = other(world, node).nodeId;
  return {
    what: `${node.nodeId} is to hand over to ${to}`,
    begin: () => node.handOver(to),
    end: () => undefined,
  };
};

const force: FaultMaker = (world) => {
  const node = victim(world);
  return { what: `${node.nodeId} is told to lead`, begin: () => node.force(), end: () => undefined };
};

/**
 * The slaves of one master are cut off from it one after another, and come back with a database server that hangs for a while, so that
 * who is in sync has to change again and again; then the master dies with the one that is cut off.
 */
const relay: FaultMaker = (world) => {
  const { chance, scheduler, network } = world;
  const node = victim(world);
  const slaves = chance.shuffled(world.nodeIds.filter((id) => id !== node.nodeId)).map(world.node);
  const turnMs = chance.pick([600, 2500, 3500, 3700]);
  const set = ({ nodeId }: SimNode, isCut: boolean): void => {
    network.link(nodeId, node.nodeId).isCut = isCut;
    network.link(node.nodeId, nodeId).isCut = isCut;
  };
  let cutOff: SimNode | null = null;
  let isOver = false;
  return {
    what: `the slaves of ${node.nodeId} are cut off from it in turns`,
    begin: () => {
      const turn = (index: number): void => {
        if (isOver) return;
        const slave = slaves[index % slaves.length];
        if (cutOff) {
          set(cutOff, false);
          if (chance.happens(0.2)) cutOff.database.stall();
        }
        cutOff = slave ?? null;
        if (!slave) return;
        set(slave, true);
        slave.database.restart();
        scheduler.after(turnMs, () => turn(index + 1));
      };
      turn(0);
    },
    end: () => {
      isOver = true;
      const isDeadly = chance.happens(0.6);
      for (const slave of slaves) {
        set(slave, false);
        slave.database.restart();
      }
      if (!isDeadly) return;
      node.kill();
      cutOff?.kill();
    },
  };
};

/** A slave falls behind for a moment, and then the master and another slave die at once. */
const doubleDeath: FaultMaker = (world) => {
  const { chance, scheduler, network } = world;
  const node = victim(world);
  const [behind, dying] = chance.shuffled(world.nodeIds.filter((id) => id !== node.nodeId));
  const inMs = chance.between(100, 1200);
  let isOver = false;
  const dead = [node, ...(dying === undefined ? [] : [world.node(dying)])];
  return {
    what: `${behind} is cut off from ${node.nodeId}; ${dead.map(({ nodeId }) => nodeId).join(" and ")} die in ${inMs.toFixed(0)} ms`,
    begin: () => {
      if (behind !== undefined) network.link(node.nodeId, behind).isCut = true;
      scheduler.after(inMs, () => {
        if (isOver) return;
        for (const one of dead) one.kill();
      });
    },
    end: () => {
      isOver = true;
      if (behind !== undefined) network.link(node.nodeId, behind).isCut = false;
      for (const one of dead) one.start();
    },
  };
};

const SILENT_MS = 1600;

/** Somebody's packet filter refuses connections in the name of a master that is alive, and lets through what is sent anew. */
const forgeRefusal: FaultMaker = (world) => {
  const { network, scheduler, chance } = world;
  const node = victim(world);
  const isForAll = chance.happens(0.7);
  let isOver = false;
  const isDeaf = chance.happens(0.5);
  const links = world.nodeIds
    .filter((id) => id !== node.nodeId && (isForAll || chance.happens(0.6)))
    .flatMap((id) => [network.link(id, node.nodeId), network.link(node.nodeId, id)]);
  const setLoss = (loss: number): void => {
    for (const link of links) link.loss = loss;
  };
  const setRejecting = (isRejecting: boolean): void => {
    for (const link of links) link.isRejecting = isRejecting;
    if (isDeaf) network.link(STORE, node.nodeId).isCut = isRejecting;
  };
  return {
    what: `all that go to ${node.nodeId} are refused in its name${isDeaf ? ", and it does not hear the store" : ""}`,
    begin: () => {
      setRejecting(true);
      setLoss(1);
      scheduler.after(SILENT_MS, () => {
        if (!isOver) setLoss(0.2);
      });
    },
    end: () => {
      isOver = true;
      setRejecting(false);
      setLoss(0);
    },
  };
};

const SANE = {
  crashProcess,
  freezeProcess,
  crashDatabase,
  stallDatabase,
  crashBoth,
  stopStore,
  freezeStore,
  troubleStore,
  cutFromStore,
  cutPair,
  isolate,
  weaken,
  stepClock,
  switchOver,
  relay,
  doubleDeath,
} as const satisfies Record<string, FaultMaker>;

/** Where clocks and packet filters are not to be trusted: only what is confirmed by acks is promised. */
const WILD = { ...SANE, force, forgeRefusal } as const satisfies Record<string, FaultMaker>;

/** A kind of fault. */
export type FaultName = keyof typeof WILD;

/** All of them. */
export const FAULT_NAMES = Object.keys(WILD).filter((name): name is FaultName => name in WILD);

const FREQUENT: readonly FaultName[] = [
  "crashProcess",
  "freezeProcess",
  "cutFromStore",
  "cutPair",
  "isolate",
  "switchOver",
  "troubleStore",
];

const LONGEST_MS = 8000;

/** Lets faults come and go until `endMs`, more than one at a time. All that a fault broke is whole again by then. */
export function planFaults(
  world: World,
  {
    endMs,
    isSane,
    focus,
  }: { readonly endMs: number; readonly isSane: boolean; readonly focus: FaultName | null },
): void {
  const { chance, scheduler, log } = world;
  const frequent = FREQUENT.map((name) => WILD[name]);
  const makers = [...frequent, ...Object.values(isSane ? SANE : WILD)];
  const count = chance.whole(2, 10);
  let beginMs = chance.between(2500, 5000);
  for (let index = 0; index < count; index++) {
    // what comes together is worse than what comes alone
    beginMs += chance.happens(0.6) ? chance.between(0, 1500) : chance.between(1500, 6000);
    if (beginMs > endMs - 500) break;
    const lastsMs = Math.min(chance.between(50, LONGEST_MS), endMs - beginMs);
    const maker = focus && chance.happens(0.5) ? WILD[focus] : chance.pick(makers);
    scheduler.after(beginMs, () => {
      const fault = maker(world);
      log.add("FAULT", fault.what);
      fault.begin();
      scheduler.after(lastsMs, () => {
        log.add("FAULT", `ends: ${fault.what}`);
        fault.end();
      });
    });
  }
  scheduler.after(endMs + 1, () => {
    log.add("FAULT", "all faults end");
    world.network.heal();
    world.store.start();
    Object.assign(world.storeTrouble, { late: 0, lostAnswers: 0 });
    for (const node of world.nodeIds.map(world.node)) {
      node.isSilent = false;
      node.database.restart();
      node.thaw();
      node.start();
    }
  });
}
