import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { ChangeSignal, silentLogger, VirtualClock } from "@understudy/kernel";
import { expect, it } from "vitest";
import { EpochHistory } from "./epoch-history.ts";
import { MasterReads } from "./master-reads.ts";

const UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const at = (set: string): GtidPosition => parseGtidPosition("mysql", `${UUID}:${set}`);
const FOREVER = new AbortController().signal;

/** A master whose binlog, server and time are turned by hand; all is at 1-5. */
function openScene() {
  const clock = new VirtualClock();
  const read = new ChangeSignal();
  const state = { logged: at("1-5"), visible: at("1-5") as GtidPosition | Error | null, questions: 0 };
  const changed = new ChangeSignal();
  const reads = new MasterReads({
    visible: at("1-5"),
    binlog: {
      get position() {
        return state.logged;
      },
      readOn: () => read.next(),
    },
    askVisible: async () => {
      state.questions += 1;
      if (state.visible instanceof Error) throw state.visible;
      return state.visible;
    },
    askSeen: async () => at("1-9"),
    epochs: new EpochHistory({ flavour: "mysql", read: async () => [], changed, logger: silentLogger }),
    epochChanged: changed,
    clock,
    logger: silentLogger,
  });
  const log = (set: string): void => {
    state.logged = at(set);
    read.notify();
  };
  return { clock, state, reads, log };
}

it("a write that was confirmed here is visible at once, and nobody is asked", async () => {
  const { clock, state, reads, log } = openScene();
  await using _ = reads;
  const waiting = reads.reached(at("6"), FOREVER);
  reads.noteWrite(at("6"));
  await waiting;
  expect(reads.visible.toString()).toBe(`${UUID}:1-6`);
  log("1-6");
  await clock.advance(1_000);
  expect(state.questions).toBe(0);
});

it("the binlog alone makes nothing visible: of a write that only it shows the server is asked", async () => {
  const { clock, state, reads, log } = openScene();
  await using _ = reads;
  let isThere = false;
  const waiting = reads.reached(at("6"), FOREVER).then(() => (isThere = true));
  await clock.advance(50);
  expect(state.questions).toBe(0);
  log("1-6");
  await clock.advance(20);
  expect(state.questions).toBeGreaterThan(0);
  expect(isThere).toBe(false);
  expect(reads.visible.toString()).toBe(`${UUID}:1-5`);
  state.visible = at("1-6");
  await clock.advance(100);
  await waiting;
  expect(reads.visible.toString()).toBe(`${UUID}:1-6`);
});

it("keeps up with writes of others, a little later and not with each of its own", async () => {
  const { clock, state, reads, log } = openScene();
  await using _ = reads;
  for (let number = 6; number < 50; number++) {
    log(`1-${number}`);
    await clock.advance(3);
    reads.noteWrite(at(String(number)));
  }
  await clock.advance(1_000);
  expect(state.questions).toBe(0);
  log("1-60");
  state.visible = at("1-60");
  await clock.advance(90);
  expect(reads.visible.toString()).toBe(`${UUID}:1-49`);
  await clock.advance(20);
  expect(reads.visible.toString()).toBe(`${UUID}:1-60`);
  expect(state.questions).toBe(1);
});

it("a server that does not answer makes reads wait, and its answer ends that", async () => {
  const { clock, state, reads, log } = openScene();
  await using _ = reads;
  state.visible = new Error("gone");
  log("1-6");
  const waiting = reads.reached(at("6"), FOREVER);
  await clock.advance(1_000);
  state.visible = null;
  await clock.advance(1_000);
  state.visible = at("1-6");
  await clock.advance(200);
  await waiting;
});

it("a wait ends with its caller, and the role's end is told to all", async () => {
  const { clock, reads } = openScene();
  const gone = new AbortController();
  const waiting = reads.reached(at("6"), gone.signal);
  gone.abort(new Error("the caller has gone"));
  await expect(waiting).rejects.toThrow("the caller has gone");
  await clock.advance(0);
  await reads[Symbol.asyncDispose]();
  expect(reads.ended.reason).toMatchObject({ code: "starting" });
});
