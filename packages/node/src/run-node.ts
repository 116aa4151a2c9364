import { messageOf, systemClock } from "@understudy/kernel";
import { errorCodeOf, type Role } from "@understudy/protocol";
import closeWithGrace from "close-with-grace";
import { runTokenCommand } from "./access/token-command.ts";
import { runRestoreCommand } from "./backup/restore-command.ts";
import { helpText, parseCommandLine } from "./config/command-line.ts";
import { readConfigFile } from "./config/config-file.ts";
import { loadConfig, type LoadedConfig } from "./config/node-config.ts";
import { describeConfig, printConfig } from "./config/shown-config.ts";
import { switchLogLevel } from "./logging/log-level-switch.ts";
import { CONFIG_FILE_NAME } from "./config/setting-name.ts";
import { openLogger } from "./logging/open-logger.ts";
import { nodeIdOf } from "./node-identity.ts";
import { openNode } from "./open-node.ts";
import { VERSION } from "./version.ts";

/** How long a clean stop may take before the process just ends; nothing confirmed is lost by that. */
const STOP_DEADLINE_MS = 15_000;
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** `EX_CONFIG` of sysexits.h: starting again changes nothing. */
const EXIT_CONFIG = 78;

/**
 * The whole program of an app: reads arguments, environment and configuration file, opens a node that starts as `role`, and stops it
 * cleanly at SIGTERM or SIGINT. Refusals to start are plain sentences on stderr and exit code 78 for the configuration, else 1.
 */
export async function runNode(role: Role): Promise<void> {
  const [word, ...words] = process.argv.slice(2);
  if (word === "token") {
    process.exitCode = await changeTokens(words);
    return;
  }
  if (word === "restore") {
    process.exitCode = await restore(role, words);
    return;
  }
  const command = parseCommandLine(process.argv.slice(2), process.env);
  switch (command.kind) {
    case "help":
      process.stdout.write(helpText(role));
      return;
    case "version":
      process.stdout.write(`${VERSION}\n`);
      return;
    case "mistake":
      process.stderr.write(`understudy ${role}: ${command.message}; see --help\n`);
      process.exitCode = EXIT_USAGE;
      return;
    case "run":
      await run(role, command.configFile);
      return;
    case "check-config":
      showConfig(role, command.configFile, describeConfig);
      return;
    case "print-config":
      showConfig(role, command.configFile, printConfig);
      return;
    default:
      command satisfies never;
  }
}

async function changeTokens(words: readonly string[]): Promise<number> {
  return runTokenCommand(words, {
    defaultFile: process.env["UNDERSTUDY_TOKENS_FILE"],
    nowMs: systemClock.nowMs(),
    out: (text) => void process.stdout.write(text),
    tell: (text) => void process.stderr.write(text),
  });
}

async function restore(role: Role, words: readonly string[]): Promise<number> {
  const life = new AbortController();
  const stop = (): void =>
    life.abort(
      new DOMException(
        "stopped; where the restore had begun, what is in the database server is not whole now",
        "AbortError",
      ),
    );
  for (const signal of STOP_SIGNALS) process.once(signal, stop);
  const configured = process.env[CONFIG_FILE_NAME] || null;
  return runRestoreCommand(words, {
    load: (configFile) => load(role, configFile ?? configured).config,
    input: process.stdin,
    out: (text) => void process.stdout.write(text),
    tell: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    signal: life.signal,
  });
}

function load(role: Role, configFile: string | null): LoadedConfig {
  const file = configFile === null ? undefined : readConfigFile(configFile);
  return loadConfig({ environment: process.env, file }, role);
}

function showConfig(role: Role, configFile: string | null, show: (loaded: LoadedConfig) => string): void {
  try {
    process.stdout.write(show(load(role, configFile)));
  } catch (error) {
    process.stderr.write(`understudy ${role}: ${messageOf(error)}\n`);
    process.exitCode = EXIT_CONFIG;
  }
}

async function run(role: Role, configFile: string | null): Promise<void> {
  try {
    const { config } = load(role, configFile);
    const nodeId = await nodeIdOf(config.dataDir, config.nodeId);
    const logger = openLogger(config, nodeId);
    switchLogLevel(logger, process);
    const node = await openNode(config, logger);
    logger.info({ event: "listening", url: node.url, nodeId: node.nodeId }, `listening on ${node.url}`);
    // SIGUSR2 switches the log's level, and must not end the process
    closeWithGrace({ delay: STOP_DEADLINE_MS, logger: false, skip: ["SIGUSR2"] }, async ({ err, signal }) => {
      if (err) logger.error({ event: "crashed", err }, messageOf(err));
      else logger.info({ event: "stopping", signal }, "stopping");
      await node[Symbol.asyncDispose]();
    });
    await node.failed;
  } catch (error) {
    const code = errorCodeOf(error);
    process.stderr.write(`understudy ${role}: ${messageOf(error)} (${code})\n`);
    process.exit(code === "config-invalid" ? EXIT_CONFIG : EXIT_FAILED);
  }
}
