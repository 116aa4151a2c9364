import { parseJson } from "@understudy/kernel";
import { MalformedAnswer } from "./gateway-json.ts";

const NEWLINE = 0x0a;

/** Splits a body into its JSON values, one a line. Throws {@link MalformedAnswer} for a line that is none, or above `lineBytesMax`. */
export async function* readJsonLines(
  body: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<unknown, void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString("utf8");
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line !== "") yield jsonOf(line);
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > lineBytesMax) throw new MalformedAnswer(`a line of more than ${lineBytesMax} bytes`);
  }
  if (pendingBytes > 0) throw new MalformedAnswer("a line that does not end");
}

function jsonOf(line: string): unknown {
  const value = parseJson(line);
  if (value === undefined) throw new MalformedAnswer("a line that is no JSON");
  return value;
}
