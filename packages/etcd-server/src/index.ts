export { findEtcdProgram, type EtcdProgram } from "./etcd-program.ts";
export { openEtcdCluster, type EtcdCluster, type EtcdClusterOptions } from "./etcd-cluster.ts";
export type { EtcdTls } from "./etcd-arguments.ts";
export type { EtcdMember, EtcdPorts } from "./etcd-member.ts";
export { endLeftoverEtcd, etcdFoldersOf } from "./etcd-folders.ts";
export { openTestEtcd } from "./test-etcd.ts";
