/** How much is measured. */
export interface Scale {
  /** Transactions that wait in the binlog for the apply suite. */
  readonly applyTransactions: number;
  readonly lagWarmUpMs: number;
  readonly lagMs: number;
  /** Writes a second under which lag is measured. */
  readonly lagRates: readonly number[];
  readonly httpWarmUpMs: number;
  /** One measurement at one number of connections; whole seconds. */
  readonly httpMs: number;
  readonly httpConnections: readonly number[];
  /** Of the suites that set ways of ours beside each other: acks, after, keys. */
  readonly costWarmUpMs: number;
  /** One measurement at one number of connections. */
  readonly costMs: number;
  readonly costConnections: readonly number[];
  /** Bytes of binlog that pile up while the replicas are down. */
  readonly memoryBytes: number;
  /** Bound of everything together. */
  readonly timeLimitMs: number;
}

/** Figures to quote. */
export const FULL_SCALE: Scale = {
  applyTransactions: 30_000,
  lagWarmUpMs: 2_000,
  lagMs: 10_000,
  lagRates: [200, 1_000],
  httpWarmUpMs: 1_000,
  httpMs: 3_000,
  httpConnections: [1, 16, 64],
  costWarmUpMs: 2_000,
  costMs: 3_000,
  costConnections: [1, 8],
  memoryBytes: 1_000_000_000,
  timeLimitMs: 45 * 60_000,
};

/** A smoke test. */
export const QUICK_SCALE: Scale = {
  applyTransactions: 5_000,
  lagWarmUpMs: 500,
  lagMs: 2_500,
  lagRates: [200, 1_000],
  httpWarmUpMs: 500,
  httpMs: 1_000,
  httpConnections: [1, 16, 64],
  costWarmUpMs: 300,
  costMs: 700,
  costConnections: [1, 8],
  memoryBytes: 60_000_000,
  timeLimitMs: 10 * 60_000,
};
