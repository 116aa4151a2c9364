// node health.mjs PATH: ends with 0 where the node of this container answers PATH with 200. PATH is one of the node's health
// checks, such as /health/ready. A node that speaks TLS is asked by https; whose certificate it shows to itself is not looked at.
import { request as plain } from "node:http";
import { request as secure } from "node:https";

const path = process.argv[2] ?? "/health/live";
const port = process.env.UNDERSTUDY_PORT ?? "8083";

/** @returns {Promise<{ status: number | undefined, text: string }>} */
function ask(request) {
  const options = {
    host: "127.0.0.1",
    port,
    path,
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(4000),
  };
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      answer.on("error", reject).on("end", () => resolve({ status: answer.statusCode, text }));
    });
    asked.on("error", reject).end();
  });
}

try {
  const first = await ask(process.env.UNDERSTUDY_TLS_CERT_FILE ? secure : plain);
  // TLS may be set in a configuration file: a node that speaks it answers plain HTTP so
  const { status, text } = first.status === 400 ? await ask(secure) : first;
  process.stdout.write(text);
  process.exitCode = status === 200 ? 0 : 1;
} catch (error) {
  process.stdout.write(String(error));
  process.exitCode = 1;
}
