import type { NodeClient } from "@understudy/client";
import type { ClusterView, Member } from "@understudy/protocol";
import type { StartFacts } from "../live/dashboard-world.ts";
import type { RunRequest } from "../live/action-runner.ts";
import type { SettingsStore } from "../settings/settings-store.ts";
import type { DashboardState } from "../state/dashboard-state.ts";
import type { DashboardStore } from "../state/dashboard-store.ts";
import type { Overlay } from "../state/overlay.ts";
import { readSlot, type Slot } from "../state/slot.ts";
import type { UiAction } from "../state/ui-state.ts";
import type { Tone } from "../state/wording.ts";

/** A size in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The time on both clocks. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What reaches beyond the screen. */
export interface Services {
  /** The attached node; null before the first answer. Writes are passed on to the master by any node. */
  readonly node: () => NodeClient | null;
  /** A client of any node, under the token of the attached one, which the caller closes; null before the first answer. */
  readonly openNode: (url: string) => NodeClient | null;
  /** Moves to that node; where it doesn't answer, to another one. */
  readonly attach: (url: string) => void;
  /** Runs a call off the render path; what becomes of it is on the notice line. */
  readonly run: (request: RunRequest, failed?: (sentence: string) => void) => void;
  /** Ends the calls that are under way. */
  readonly cancelRuns: () => void;
  /** Asks the cluster, and loads the view, at once. */
  readonly refresh: () => void;
  readonly leave: () => void;
  readonly settings: SettingsStore;
  /** The nodes of the command line. */
  readonly nodes: readonly string[];
  readonly facts: StartFacts;
  readonly monotonicMs: () => number;
  /** True with `NO_COLOR`: no theme has a colour. */
  readonly isColourless?: boolean;
}

/** All that views, key bindings and overlays work with. Always reads the newest state. */
export class ViewContext {
  readonly services: Services;
  readonly isReadOnly: boolean;
  /** What the view may fill. */
  readonly area: Size;
  readonly now: Now;
  readonly #store: DashboardStore;

  constructor(options: {
    readonly store: DashboardStore;
    readonly services: Services;
    readonly isReadOnly: boolean;
    readonly area: Size;
    readonly now: Now;
  }) {
    this.#store = options.store;
    this.services = options.services;
    this.isReadOnly = options.isReadOnly;
    this.area = options.area;
    this.now = options.now;
  }

  get state(): DashboardState {
    return this.#store.getState();
  }

  /** The cluster as the attached node sees it; null before the first answer. */
  get view(): ClusterView | null {
    return this.state.cluster.snapshot?.view ?? null;
  }

  /** The attached node among the members; null where it is not known. */
  get self(): Member | null {
    const { view } = this;
    return view?.members.find((member) => member.nodeId === view.self) ?? null;
  }

  /** What `/` narrows the view to; empty for all. */
  get filter(): string {
    return this.state.ui.filters[this.state.ui.view] ?? "";
  }

  /** Which of the view's panes has the focus. */
  get pane(): number {
    return this.state.ui.panes[this.state.ui.view] ?? 0;
  }

  ui(action: UiAction): void {
    this.#store.dispatch({ kind: "ui", ui: action });
  }

  /** A view's own state. */
  get<S>(slot: Slot<S>): S {
    return readSlot(this.state.ui.slots, slot);
  }

  /** Puts `change` of the newest value into the slot; may be called whenever an answer comes. */
  update<S>(slot: Slot<S>, change: (value: S) => S): void {
    this.ui({ kind: "slot", id: slot.id, value: change(this.get(slot)) });
  }

  open(overlay: Overlay): void {
    this.ui({ kind: "open", overlay });
  }

  show(view: string): void {
    this.ui({ kind: "show-view", view });
  }

  say(text: string, tone: Tone = "plain"): void {
    this.ui({ kind: "notice", notice: { text, tone } });
  }

  run(request: RunRequest): void {
    this.services.run(request);
  }
}
