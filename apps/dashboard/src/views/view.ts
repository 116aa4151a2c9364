import type { ReactNode } from "react";
import type { ViewContext } from "../app/view-context.ts";
import type { KeyBinding } from "../keys/key-binding.ts";
import type { KeyPress } from "../keys/key-press.ts";

/** One screen of the dashboard. All of it but `load` is pure: it is drawn from the context alone. */
export interface View {
  /** The only one of its name; also the name of its filter, its panes and its folder. */
  readonly id: string;
  readonly title: string;
  /** The digit that shows it, outside of the menu. */
  readonly digit: string;
  /** What it is for, in one sentence, for the help. */
  readonly purpose: string;
  readonly keys: readonly KeyBinding<ViewContext>[];
  /** Panes between which Tab moves (`context.pane`); left out: one. */
  readonly panes?: readonly string[];
  /** True where `/` narrows what is shown (`context.filter`). */
  readonly hasFilter?: boolean;
  /** A text field in the view. While it is active it has every key first, so that digits are text; `press` tells whether it took one. */
  readonly text?: {
    readonly isActive: (context: ViewContext) => boolean;
    readonly press: (context: ViewContext, press: KeyPress) => boolean;
    readonly paste: (context: ViewContext, text: string) => void;
  };
  /** Asks for what the view shows beyond the cluster: when it is entered, on `r`, and each `reloadMs`. Puts it into a slot; a rejection is a notice. */
  readonly load?: (context: ViewContext, signal: AbortSignal) => Promise<void>;
  readonly reloadMs?: number;
  readonly Component: (props: { readonly context: ViewContext }) => ReactNode;
}
