import { breakAtRandom, type Cluster } from "@understudy/e2e";
import { BackgroundLoop, systemClock, type Random } from "@understudy/kernel";
import type { TcpProxy } from "@understudy/sandbox";
import { pickOne, type Fault, type FaultSite, type Heal } from "./fault.ts";

const PARTITION_HOLD_MS = 10_000;
const SLOW_HOLD_MS = 6_000;
const SLOW_MS_MIN = 20;
const SLOW_MS_SPREAD = 180;
const LOSSY_PAUSE_MS_MAX = 60;

/** Ways that say nothing any more, in one direction or both, and ways that are slow or break now and then. */
export const NETWORK_FAULTS: readonly Fault[] = [
  cutting("partition-from-etcd", "a node and etcd hear nothing of each other", ({ target }) => [
    new RegExp(`^${target.nodeId}>etcd`),
  ]),
  cutting("partition-from-slaves", "a node and all other nodes hear nothing of each other", peersOf),
  cutting("partition-all", "a node hears nothing of other nodes and etcd; clients reach it", (site) => [
    ...peersOf(site),
    new RegExp(`^${site.target.nodeId}>etcd`),
  ]),
  cutting("partition-from-database", "a node and its database server hear nothing of each other", (site) => [
    new RegExp(`^${site.target.nodeId}>database`),
  ]),
  {
    name: "cut-one-way",
    about: "some way between two parties carries nothing in one direction",
    isTargeted: false,
    needs: ["proxies"],
    holdMs: PARTITION_HOLD_MS,
    inflict: async ({ cluster, random, tell }) => {
      const name = pickOne([...cluster.proxies.keys()].filter(isInner), random);
      const direction = random() < 0.5 ? "toTarget" : "toClient";
      tell(`${name} carries nothing ${direction}`);
      const proxy = cluster.proxy(name);
      proxy.freeze(direction);
      return healer([proxy], random, tell);
    },
  },
  {
    name: "slow-links",
    about: "every way between nodes, and to etcd, is slow",
    isTargeted: false,
    needs: ["proxies"],
    holdMs: SLOW_HOLD_MS,
    inflict: async ({ cluster, random, tell }) => {
      const proxies = matching(cluster, [/^node\d+>(node|etcd)/]);
      const delayMs = Math.round(SLOW_MS_MIN + random() * SLOW_MS_SPREAD);
      tell(`each piece is ${delayMs} ms late`);
      for (const proxy of proxies) proxy.delay(delayMs);
      return async () => {
        for (const proxy of proxies) proxy.delay(0);
      };
    },
  },
  {
    name: "lossy-links",
    about: "connections of every kind break, stall and slow down at random",
    isTargeted: false,
    needs: ["proxies"],
    holdMs: SLOW_HOLD_MS,
    inflict: async ({ cluster, random, tell }) => {
      const proxies = new Map([...cluster.proxies].filter(([name]) => isInner(name)));
      const breaking = new BackgroundLoop(
        (signal) =>
          breakAtRandom({ proxies, random, clock: systemClock, pauseMsMax: LOSSY_PAUSE_MS_MAX }, signal),
        (error) => tell(`breaking has ended: ${String(error)}`),
      );
      return () => breaking[Symbol.asyncDispose]();
    },
  },
];

function peersOf({ target }: FaultSite): readonly RegExp[] {
  return [
    new RegExp(`^${target.nodeId}>node`),
    new RegExp(`^node\\d+>${target.nodeId}$`),
    new RegExp(`^others>${target.nodeId}$`),
  ];
}

function cutting(name: string, about: string, patternsOf: (site: FaultSite) => readonly RegExp[]): Fault {
  return {
    name,
    about,
    isTargeted: true,
    needs: ["proxies"],
    holdMs: PARTITION_HOLD_MS,
    inflict: async (site) => {
      const proxies = matching(site.cluster, patternsOf(site));
      if (proxies.length === 0) throw new Error(`${name} found no way to cut`);
      for (const proxy of proxies) proxy.freeze();
      return healer(proxies, site.random, site.tell);
    },
  };
}

/** What was held back comes late, or never: both happen when a network heals. */
function healer(proxies: readonly TcpProxy[], random: Random, tell: FaultSite["tell"]): Heal {
  const isCut = random() < 0.5;
  return async () => {
    tell(isCut ? "what was held back is gone" : "what was held back arrives");
    for (const proxy of proxies) {
      if (isCut) proxy.cutAll();
      proxy.thaw();
    }
  };
}

function matching(cluster: Cluster, patterns: readonly RegExp[]): readonly TcpProxy[] {
  return [...cluster.proxies]
    .filter(([name]) => patterns.some((pattern) => pattern.test(name)))
    .map(([, proxy]) => proxy);
}

/** Not between clients and nodes. */
function isInner(name: string): boolean {
  return name.startsWith("node");
}
