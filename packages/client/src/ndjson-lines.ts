/** Bytes of one line at most, unless told otherwise: a row can't be larger than what MySQL sends as one packet. */
const LINE_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * Splits a body into its JSON values, one a line. What came in one piece is given out in one piece, so that a row costs no turn of
 * the event loop; no more is held than one piece and the line that it ends in. The last value of the outcome is `undefined` for
 * a line that is no JSON. Throws a RangeError for a line above `lineBytesMax`.
 */
export async function* readNdjson(
  body: AsyncIterable<Uint8Array>,
  lineBytesMax = LINE_BYTES_MAX,
): AsyncGenerator<readonly unknown[], void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of body) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end === -1) {
      pending.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes > lineBytesMax) throw new RangeError(`a line of more than ${lineBytesMax} bytes`);
      continue;
    }
    const whole = Buffer.concat([...pending, chunk.subarray(0, end)]);
    const rest = chunk.subarray(end + 1);
    pending = rest.length > 0 ? [rest] : [];
    pendingBytes = rest.length;
    yield parseLines(whole);
  }
  if (pendingBytes > 0) yield parseLines(Buffer.concat(pending));
}

const NEWLINE = 0x0a;

function parseLines(bytes: Buffer): unknown[] {
  const lines = bytes.toString("utf8").split("\n");
  const values: unknown[] = [];
  for (const line of lines) {
    if (line === "") continue;
    try {
      values.push(JSON.parse(line));
    } catch {
      values.push(undefined);
      break;
    }
  }
  return values;
}
