import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reservePort } from "@understudy/database-server";
import { EtcdMember } from "./etcd-member.ts";

/** Running etcd members of one cluster. */
export interface TestEtcd extends AsyncDisposable {
  readonly members: readonly EtcdMember[];
  readonly urls: readonly string[];
}

interface TestEtcdOptions {
  readonly members?: 1 | 3;
  readonly scheme?: "http" | "https";
  readonly extraArguments?: readonly string[];
}

/** Starts etcd on free ports in a temporary folder; resolves when each member is healthy. */
export async function openTestEtcd(options: TestEtcdOptions = {}): Promise<TestEtcd> {
  const { members: count = 1, scheme = "http", extraArguments = [] } = options;
  const directory = await mkdtemp(join(tmpdir(), "understudy-etcd-"));
  const names = Array.from({ length: count }, (_, index) => `m${index}`);
  const ports = await Promise.all(Array.from({ length: 3 * count }, () => reservePort()));
  const hostOf = (index: number): string => `127.0.0.1:${ports[index]?.port}`;
  const places = names.map((name, index) => ({
    name,
    url: `${scheme}://${hostOf(3 * index)}`,
    peerUrl: `http://${hostOf(3 * index + 1)}`,
    metricsUrl: `http://${hostOf(3 * index + 2)}`,
  }));
  const cluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
  const members = places.map(({ name, url, peerUrl, metricsUrl }) => {
    const settings = {
      name,
      "data-dir": join(directory, name),
      "listen-client-urls": url,
      "advertise-client-urls": url,
      "listen-peer-urls": peerUrl,
      "initial-advertise-peer-urls": peerUrl,
      "initial-cluster": cluster,
      "listen-metrics-urls": metricsUrl,
      logger: "zap",
    };
    const command = Object.entries(settings).map(([flag, value]) => `--${flag}=${value}`);
    return new EtcdMember({ url, metricsUrl, command: [...command, ...extraArguments] });
  });
  const dispose = async (): Promise<void> => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    await Promise.all(ports.map((port) => port[Symbol.asyncDispose]()));
    await rm(directory, { recursive: true, force: true });
  };
  try {
    for (const member of members) member.start();
    await Promise.all(members.map((member) => member.untilReady()));
  } catch (error) {
    await dispose();
    throw error;
  }
  return { members, urls: members.map(({ url }) => url), [Symbol.asyncDispose]: dispose };
}
