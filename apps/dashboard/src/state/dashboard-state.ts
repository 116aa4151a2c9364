import { INITIAL_CLUSTER, reduceCluster, type ClusterAction, type ClusterState } from "./cluster-state.ts";
import { initialUi, reduceUi, type UiAction, type UiState } from "./ui-state.ts";
import type { ThemeName } from "../theme/theme.ts";

/** All that the screen is made of. */
export interface DashboardState {
  readonly cluster: ClusterState;
  readonly ui: UiState;
}

/** What can happen: something is heard of the cluster, or someone does something. */
export type DashboardAction =
  | { readonly kind: "heard"; readonly heard: readonly ClusterAction[] }
  | { readonly kind: "ui"; readonly ui: UiAction };

/** The state before anything was heard or done. */
export function initialState(view: string, theme: ThemeName): DashboardState {
  return { cluster: INITIAL_CLUSTER, ui: initialUi(view, theme) };
}

/** The state after `action`. Pure. */
export function reduceDashboard(state: DashboardState, action: DashboardAction): DashboardState {
  switch (action.kind) {
    case "heard":
      return { ...state, cluster: action.heard.reduce(reduceCluster, state.cluster) };
    case "ui":
      return { ...state, ui: reduceUi(state.ui, action.ui) };
    default:
      return action satisfies never;
  }
}
