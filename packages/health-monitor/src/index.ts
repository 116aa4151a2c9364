export { EventHistory, type EventHistoryOptions } from "./event-history.ts";
export type {
  HealthChange,
  HealthMonitor,
  HealthMonitorOptions,
  NodeHealth,
  ProbeTarget,
} from "./health-monitor.ts";
export {
  HEALTH_STATES,
  judge,
  type HealthHistory,
  type HealthOutcome,
  type HealthState,
  type HealthThresholds,
  type Judgement,
} from "./judgement.ts";
export { LagMeter, type LagMeterOptions } from "./lag-meter.ts";
export { openHealthMonitor } from "./open-health-monitor.ts";
export { ThroughputMeter, type Throughput } from "./throughput-meter.ts";
