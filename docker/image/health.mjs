// node health.mjs PATH: ends with 0 where the node of this container answers PATH with 200. PATH is one of the node's health
// checks, such as /health/ready.
const path = process.argv[2] ?? "/health/live";
const port = process.env.UNDERSTUDY_PORT ?? "8083";
try {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(4000) });
  console.log(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(String(error));
  process.exitCode = 1;
}
