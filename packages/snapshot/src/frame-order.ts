import { torn, type Frame, type FrameKind } from "./snapshot-frame.ts";

/** The next frame's payload. Throws `snapshot-failed` where it is of another kind. */
export async function expectFrame(frames: AsyncGenerator<Frame>, kind: FrameKind): Promise<Buffer> {
  const next = await frames.next();
  if (next.done === true || next.value.kind !== kind) throw torn(`it has no ${kind} where it should be`);
  return next.value.payload;
}

/** The compressed text. Ends only where the whole stream is as it was written. */
export async function* dataOf(frames: AsyncIterable<Frame>): AsyncGenerator<Buffer> {
  for await (const { kind, payload } of frames) {
    if (kind !== "data") throw torn(`it has a second ${kind}`);
    yield payload;
  }
}
