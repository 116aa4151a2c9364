import { VirtualClock } from "@understudy/kernel";
import { expect, it } from "vitest";
import { endWhenIdle } from "./body-idle.ts";

async function* pieces(count: number, thenHang: boolean): AsyncGenerator<Uint8Array> {
  for (let number = 0; number < count; number++) yield Buffer.from([number]);
  if (thenHang) await new Promise<never>(() => undefined);
}

it("passes everything on, however long the reader takes between pieces", async () => {
  const clock = new VirtualClock();
  const read: number[] = [];
  for await (const piece of endWhenIdle(pieces(3, false), clock, 1000)) {
    read.push(...piece);
    await clock.advance(5000);
  }
  expect(read).toEqual([0, 1, 2]);
});

it("gives a sender up that has gone dark", async () => {
  const clock = new VirtualClock();
  const body = endWhenIdle(pieces(1, true), clock, 1000);
  await body.next();
  const outcome = body.next().then(
    () => "passed",
    (error: unknown) => error,
  );
  await clock.advance(999);
  await clock.advance(1);
  expect(await outcome).toMatchObject({ code: "node-unreachable" });
});
