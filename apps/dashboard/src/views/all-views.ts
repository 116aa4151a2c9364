import { dataView } from "./data/data-view.tsx";
import { eventsView } from "./events/events-view.tsx";
import { failoverView } from "./failover/failover-view.tsx";
import { healthView } from "./health/health-view.tsx";
import { menuView } from "./menu/menu-view.tsx";
import { overviewView } from "./overview/overview-view.tsx";
import { replicationView } from "./replication/replication-view.tsx";
import { settingsView } from "./settings/settings-view.tsx";
import { sqlView } from "./sql/sql-view.tsx";
import type { View } from "./view.ts";

/** Every view, in the order of the tabs. A new view is one line here; digits must differ. */
export const ALL_VIEWS: readonly View[] = [
  menuView,
  overviewView,
  dataView,
  sqlView,
  eventsView,
  replicationView,
  failoverView,
  settingsView,
  healthView,
];

/** The view of that id; the menu for an id that is none. */
export function viewOf(id: string): View {
  return ALL_VIEWS.find((view) => view.id === id) ?? menuView;
}
