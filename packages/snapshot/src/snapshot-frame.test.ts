import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameWriter, readFrames, type Frame } from "./snapshot-frame.ts";

type Written = readonly {
  readonly kind: "header" | "accounts" | "views" | "data";
  readonly payload: Uint8Array;
}[];

const frames = fc.array(
  fc.record({
    kind: fc.constantFrom("header" as const, "accounts" as const, "views" as const, "data" as const),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { minLength: 1, maxLength: 8 },
);

const never = new AbortController().signal;

function write(written: Written): Buffer {
  const writer = new FrameWriter();
  const parts = written.map(({ kind, payload }) => writer.frame(kind, payload));
  return Buffer.concat([...parts, writer.trailer()]);
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function read(bytes: Buffer, size: number): Promise<Frame[]> {
  return await Array.fromAsync(readFrames(pieces(bytes, size), never));
}

describe("a stream of frames", () => {
  test("comes out as it went in, however it is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.integer({ min: 1, max: 100 }), async (written, size) => {
        const found = await read(write(written), size);
        expect(found.map(({ kind, payload }) => ({ kind, payload: [...payload] }))).toEqual(
          written.map(({ kind, payload }) => ({ kind, payload: [...payload] })),
        );
      }),
    );
  });

  test("is refused where it ends early, wherever that is", async () => {
    await fc.assert(
      fc.asyncProperty(
        frames,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        async (written, share) => {
          const whole = write(written);
          const cut = whole.subarray(0, Math.floor(whole.length * share));
          await expect(read(cut, 50)).rejects.toMatchObject({ code: "snapshot-failed" });
        },
      ),
    );
  });

  test("is refused where a byte differs or one follows", async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.nat(), fc.integer({ min: 1, max: 255 }), async (written, at, flip) => {
        const bytes = write(written);
        const place = at % bytes.length;
        bytes.writeUInt8(bytes.readUInt8(place) ^ flip, place);
        await expect(read(bytes, 50)).rejects.toMatchObject({ code: "snapshot-failed" });
        bytes.writeUInt8(bytes.readUInt8(place) ^ flip, place);
        await expect(read(Buffer.concat([bytes, Buffer.from("x")]), 50)).rejects.toThrow(/follows its end/);
      }),
    );
  });

  test("never holds a frame that claims to be larger than any can be", async () => {
    const bytes = Buffer.concat([Buffer.from("USNAPSH1"), Buffer.from([3, 0xff, 0xff, 0xff, 0xff])]);
    await expect(read(bytes, 50)).rejects.toThrow(/larger than any/);
  });

  test("tells its source when nobody reads on", async () => {
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(write([{ kind: "header", payload: Buffer.from("a") }]), 3);
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of readFrames(source(), never)) break;
    expect(isClosed).toBe(true);
  });
});
