import { messageOf, systemClock } from "@understudy/kernel";
import packageJson from "../package.json" with { type: "json" };
import { readAccess } from "./app/access.ts";
import { readArguments, USAGE, type Command, type Options } from "./app/arguments.ts";
import { showLive } from "./app/show-live.tsx";
import { ClusterSource } from "./live/cluster-source.ts";
import { printOnce } from "./plain/print-once.ts";
import { watch } from "./plain/watch.ts";
import { createSettingsStore, xdgFolders } from "./settings/settings-store.ts";
import { EXIT_CODES } from "./state/verdict.ts";
import { themeFor } from "./theme/theme.ts";

/** A defect of ours (sysexits' EX_SOFTWARE). */
const EXIT_DEFECT = 70;

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case "help":
      process.stdout.write(USAGE);
      return 0;
    case "version":
      process.stdout.write(`${packageJson.version}\n`);
      return 0;
    case "wrong":
      process.stderr.write(`${command.sentence}\n`);
      return EXIT_CODES.unreachable;
    case "once":
    case "json":
    case "watch":
    case "live":
      return show(command.kind, command);
    default:
      return command satisfies never;
  }
}

async function show(kind: "once" | "json" | "watch" | "live", options: Options): Promise<number> {
  const access = readAccess(options);
  if ("error" in access) {
    process.stderr.write(`${access.error}\n`);
    return EXIT_CODES.unreachable;
  }
  const { nodes, isReadOnly } = options;
  const openSource = (): ClusterSource =>
    new ClusterSource({ nodes, token: access.token, monotonicMs: () => systemClock.monotonicMs() });
  const settings = createSettingsStore(xdgFolders(process.env), options);
  const noColor = process.env["NO_COLOR"] ?? "";
  const chosen = options.theme ?? settings.read().theme;
  const theme = themeFor(chosen, { isTty: process.stdout.isTTY, noColor });
  const { tokenFile, caFile } = options;
  const facts = { version: packageJson.version, tokenFile, caFile };
  if (kind === "live") {
    if (process.stdin.isTTY && process.stdout.isTTY) {
      return showLive({
        nodes,
        openSource,
        settings,
        isReadOnly,
        theme: chosen,
        isColourless: noColor !== "",
        facts,
      });
    }
    process.stderr.write("This is no terminal, so here is one overview (as with --once).\n");
  }
  await using source = openSource();
  if (kind !== "watch") return await printOnce(kind === "json" ? "json" : "once", source, theme);
  const ended = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => ended.abort(new DOMException("ended", "AbortError")));
  }
  return await watch(source, ended.signal);
}

// Whoever reads a pipe may stop reading (`| head`).
process.stdout.on("error", () => process.exit(process.exitCode ?? 0));
try {
  process.exitCode = await run(readArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`The dashboard failed: ${messageOf(error)}\n`);
  process.exitCode = EXIT_DEFECT;
}
