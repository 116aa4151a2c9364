import type { ThemeName } from "../theme/theme.ts";
import type { OpenOverlay, Overlay } from "./overlay.ts";
import type { Tone } from "./wording.ts";

const BACK_MAX = 20;

/** One line of what became of an action. */
export interface Notice {
  readonly text: string;
  readonly tone: Tone;
}

/** A call that is under way. */
export interface Run {
  readonly id: number;
  readonly title: string;
  /** Monotonic. */
  readonly startedAtMs: number;
}

/** All that a person has done to the screen. It knows nothing of nodes, so that a change of nodes changes none of it. */
export interface UiState {
  /** Id of the view that is shown. */
  readonly view: string;
  /** Views to which Esc goes back, the latest last. */
  readonly back: readonly string[];
  readonly overlays: readonly OpenOverlay[];
  readonly overlayCount: number;
  readonly notice: Notice | null;
  readonly runs: readonly Run[];
  /** By view. */
  readonly filters: Readonly<Record<string, string>>;
  /** The pane that has the focus, by view. */
  readonly panes: Readonly<Record<string, number>>;
  /** The views' own state, see `Slot`. */
  readonly slots: ReadonlyMap<string, unknown>;
  readonly theme: ThemeName;
}

/** What can happen to the screen. */
export type UiAction =
  | { readonly kind: "show-view"; readonly view: string }
  | { readonly kind: "back" }
  | { readonly kind: "open"; readonly overlay: Overlay }
  | { readonly kind: "change"; readonly id: number; readonly overlay: Overlay }
  | { readonly kind: "close"; readonly id: number }
  | { readonly kind: "notice"; readonly notice: Notice | null }
  | { readonly kind: "run-started"; readonly run: Run }
  | { readonly kind: "run-ended"; readonly id: number; readonly notice: Notice }
  | { readonly kind: "filter"; readonly view: string; readonly text: string }
  | { readonly kind: "pane"; readonly view: string; readonly pane: number }
  | { readonly kind: "slot"; readonly id: string; readonly value: unknown }
  | { readonly kind: "theme"; readonly theme: ThemeName };

/** The screen as it begins. */
export function initialUi(view: string, theme: ThemeName): UiState {
  return {
    view,
    back: [],
    overlays: [],
    overlayCount: 0,
    notice: null,
    runs: [],
    filters: {},
    panes: {},
    slots: new Map(),
    theme,
  };
}

/** The state after `action`. Pure. */
export function reduceUi(state: UiState, action: UiAction): UiState {
  switch (action.kind) {
    case "show-view":
      if (action.view === state.view) return { ...state, overlays: [] };
      return {
        ...state,
        view: action.view,
        back: [...state.back.filter((id) => id !== action.view), state.view].slice(-BACK_MAX),
        overlays: [],
      };
    case "back": {
      const view = state.back.at(-1);
      return view === undefined ? state : { ...state, view, back: state.back.slice(0, -1) };
    }
    case "open": {
      const id = state.overlayCount + 1;
      return { ...state, overlays: [...state.overlays, { id, overlay: action.overlay }], overlayCount: id };
    }
    case "change":
      return {
        ...state,
        overlays: state.overlays.map((open) =>
          open.id === action.id ? { id: action.id, overlay: action.overlay } : open,
        ),
      };
    case "close":
      return { ...state, overlays: state.overlays.filter(({ id }) => id !== action.id) };
    case "notice":
      return { ...state, notice: action.notice };
    case "run-started":
      return { ...state, runs: [...state.runs, action.run], notice: null };
    case "run-ended":
      return { ...state, runs: state.runs.filter(({ id }) => id !== action.id), notice: action.notice };
    case "filter":
      return { ...state, filters: { ...state.filters, [action.view]: action.text } };
    case "pane":
      return { ...state, panes: { ...state.panes, [action.view]: action.pane } };
    case "slot":
      return { ...state, slots: new Map(state.slots).set(action.id, action.value) };
    case "theme":
      return { ...state, theme: action.theme };
    default:
      return action satisfies never;
  }
}
