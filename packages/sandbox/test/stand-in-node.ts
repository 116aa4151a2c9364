// A stand-in for a node's program: answers the few requests that a sandbox makes of a node, tells its settings (/environment),
// and calls others (/call?url=). How it behaves says UNDERSTUDY_STAND_IN: "refuse" ends with a sentence, "silent" never listens,
// everything else lives.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const { UNDERSTUDY_NODE_ID = "", UNDERSTUDY_HOST, UNDERSTUDY_PORT, UNDERSTUDY_STAND_IN } = process.env;
if (UNDERSTUDY_STAND_IN === "refuse") {
  process.stdout.write(`${JSON.stringify({ level: 30, msg: "about to refuse" })}\n`);
  process.stderr.write("config-invalid: the stand-in was told to refuse\n");
  process.exit(1);
}
const settings = Object.entries(process.env).filter(([name]) => name.startsWith("UNDERSTUDY_"));

/** What another answered, or why it did not. */
async function call(url: string): Promise<string> {
  try {
    const response = await fetch(url, {
      headers: { connection: "close" },
      signal: AbortSignal.timeout(20_000),
    });
    return await response.text();
  } catch (error) {
    const cause = error instanceof Error ? error.cause : null;
    return cause instanceof Error && "code" in cause ? String(cause.code) : String(error);
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://stand-in");
  response.setHeader("content-type", "application/json");
  if (pathname === "/call") response.end(await call(searchParams.get("url") ?? ""));
  else if (pathname === "/who") response.end(UNDERSTUDY_NODE_ID);
  else response.end(pathname === "/environment" ? JSON.stringify(Object.fromEntries(settings)) : "{}");
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
if (UNDERSTUDY_STAND_IN !== "silent") server.listen(Number(UNDERSTUDY_PORT), UNDERSTUDY_HOST);
process.stdout.write(`${JSON.stringify({ level: 30, msg: `${UNDERSTUDY_NODE_ID} listens` })}\n`);
const alive = setInterval(() => undefined, 60_000);
process.on("SIGTERM", () => {
  clearInterval(alive);
  server.closeAllConnections();
  server.close();
});
