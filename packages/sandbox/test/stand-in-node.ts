// A stand-in for a node's program: answers the few requests that a sandbox makes of a node. How it behaves says
// UNDERSTUDY_STAND_IN: "refuse" ends with a sentence, "silent" never listens, everything else lives.
import { createServer } from "node:http";

const { UNDERSTUDY_NODE_ID = "", UNDERSTUDY_HOST, UNDERSTUDY_PORT, UNDERSTUDY_STAND_IN } = process.env;
if (UNDERSTUDY_STAND_IN === "refuse") {
  process.stdout.write(`${JSON.stringify({ level: 30, msg: "about to refuse" })}\n`);
  process.stderr.write("config-invalid: the stand-in was told to refuse\n");
  process.exit(1);
}
const server = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  const names = Object.keys(process.env).filter((name) => name.startsWith("UNDERSTUDY_"));
  response.end(request.url === "/names" ? JSON.stringify(names.toSorted()) : "{}");
});
if (UNDERSTUDY_STAND_IN !== "silent") server.listen(Number(UNDERSTUDY_PORT), UNDERSTUDY_HOST);
process.stdout.write(`${JSON.stringify({ level: 30, msg: `${UNDERSTUDY_NODE_ID} listens` })}\n`);
const alive = setInterval(() => undefined, 60_000);
process.on("SIGTERM", () => {
  clearInterval(alive);
  server.closeAllConnections();
  server.close();
});
