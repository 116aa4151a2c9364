/** How a machine that nobody knows asks to be a member, which would be sent all data; without its `url` and `flavour`. */
export const SPY = {
  nodeId: "spy",
  clusterId: null,
  serverId: 4711,
  serverVersion: "0",
  version: "0",
  epoch: "0",
  gtid: "",
  history: "",
  dataEpoch: "0",
  empty: true,
  torn: false,
  wantsRebuild: false,
} as const;
