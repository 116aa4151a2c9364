import { VirtualClock } from "@understudy/kernel";
import { expect, it } from "vitest";
import { LeadPause } from "./lead-pause.ts";

/** How long it is on from now, in rounds. */
async function rounds(pause: LeadPause, clock: VirtualClock): Promise<number> {
  let count = 0;
  for (; pause.isOn; count++) await clock.advance(1000);
  return count;
}

it("is off before any failure, and twice as long after each in a row, up to 32 rounds", async () => {
  const clock = new VirtualClock();
  const pause = new LeadPause({ clock, roundMs: 1000 });
  expect(pause.isOn).toBe(false);
  const lasted: number[] = [];
  for (let failure = 0; failure < 6; failure++) {
    pause.noteFailed();
    lasted.push(await rounds(pause, clock));
  }
  expect(lasted).toEqual([4, 8, 16, 32, 32, 32]);
});

it("begins anew once it has led", async () => {
  const clock = new VirtualClock();
  const pause = new LeadPause({ clock, roundMs: 1000 });
  pause.noteFailed();
  pause.noteFailed();
  pause.noteLeads();
  expect(pause.isOn).toBe(false);
  pause.noteFailed();
  expect(await rounds(pause, clock)).toBe(4);
});
