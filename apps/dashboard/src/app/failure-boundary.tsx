import { messageOf } from "@understudy/kernel";
import { Component, type ReactNode } from "react";

interface FailureBoundaryProps {
  /** Called once with a sentence when a view can't be drawn. */
  readonly onFailure: (sentence: string) => void;
  readonly children: ReactNode;
}

/** Keeps a view's defect from being drawn as a stack trace: it ends the dashboard with a sentence instead. */
export class FailureBoundary extends Component<FailureBoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.onFailure(`the dashboard has a defect: ${messageOf(error)}`);
  }

  override render(): ReactNode {
    return this.state.hasFailed ? null : this.props.children;
  }
}
