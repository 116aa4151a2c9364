import { Text } from "ink";
import { render } from "ink-testing-library";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { FailureBoundary } from "./failure-boundary.tsx";

test("a view that can't be drawn becomes one sentence, and no stack trace", () => {
  // React's development build reports caught errors on the console; the bundle's does not have it.
  const reported = vi.spyOn(console, "error").mockReturnValue();
  const sentences: string[] = [];
  const Broken = (): ReactNode => {
    throw new Error("no such field");
  };
  const app = render(
    <FailureBoundary onFailure={(sentence) => sentences.push(sentence)}>
      <Text>around</Text>
      <Broken />
    </FailureBoundary>,
  );
  expect(sentences).toEqual(["the dashboard has a defect: no such field"]);
  expect(app.lastFrame()?.trim()).toBe("");
  app.unmount();
  reported.mockRestore();
});
