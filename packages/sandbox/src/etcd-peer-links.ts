import { join } from "node:path";
import { reservePort } from "@understudy/database-server";
import { etcdFoldersOf, type EtcdPorts } from "@understudy/etcd-server";
import { systemRandom, type Random } from "@understudy/kernel";
import { PeerGate } from "./peer-gate.ts";
import { HOST } from "./port-listener.ts";
import { openTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** Proxies between members of etcd. */
export interface EtcdPeerLinks {
  /** `etcd1>etcd2`, … for every two, each way; `others>etcd1` where processes can't be told apart. */
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  /** The members' ports, with the one that the others go to. */
  readonly ports: readonly EtcdPorts[];
}

/**
 * Joins every two members of etcd by a proxy of their own. All members know each other by the same addresses, so a {@link PeerGate}
 * stands at each. To be opened before the members start; they remember the gates with their data.
 */
export async function openEtcdPeerLinks(
  stack: AsyncDisposableStack,
  {
    directory,
    members,
    except,
    random = systemRandom,
  }: {
    readonly directory: string;
    readonly members: readonly EtcdPorts[];
    /** Ports that are meant for others. */
    readonly except: readonly number[];
    readonly random?: Random;
  },
): Promise<EtcdPeerLinks> {
  const proxies = new Map<string, TcpProxy>();
  const ports: EtcdPorts[] = [];
  const names = members.map((_, index) => `etcd${index + 1}`);
  for (const [index, member] of members.entries()) {
    const name = names[index] ?? "";
    const { port } = stack.use(await reservePort({ except }));
    const target = { host: HOST, port: member.peer };
    const between = async (proxyName: string): Promise<TcpProxy> => {
      const proxy = stack.use(await openTcpProxy({ target, random, port, listens: false }));
      proxies.set(proxyName, proxy);
      return proxy;
    };
    const peers: { pidFile: string; proxy: TcpProxy }[] = [];
    for (const peer of names.filter((one) => one !== name)) {
      const { pidFile } = etcdFoldersOf(join(directory, peer));
      peers.push({ pidFile, proxy: await between(`${peer}>${name}`) });
    }
    const gate = stack.use(new PeerGate({ port, peers, others: await between(`others>${name}`) }));
    await gate.accept();
    ports.push({ ...member, gate: port });
  }
  return { proxies, ports };
}
