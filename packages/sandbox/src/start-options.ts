import { parseArgs } from "node:util";
import { messageOf } from "@understudy/kernel";
import { FLAVOURS, UnderstudyError, type Flavour } from "@understudy/protocol";

/** What the command line of `npm start` asks for. */
export interface StartOptions {
  readonly help: boolean;
  readonly port: number;
  readonly slaves: number | null;
  readonly flavour: Flavour | null;
  /** Members of etcd, 0 for none; null where nothing is said of it. */
  readonly etcd: number | null;
  readonly directory: string;
  readonly fresh: boolean;
  readonly json: boolean;
}

const SLAVES_MAX = 16;
const ETCD_MEMBERS_MAX = 5;
const PORT_DEFAULT = 8083;

/** Reads the command line. Throws `config-invalid` with one sentence for what it does not understand. */
export function parseStartOptions(commandLine: readonly string[]): StartOptions {
  const values = parse(commandLine);
  return {
    help: values.help ?? false,
    port: integerOf("--port", values.port, { min: 1, max: 65_535 }) ?? PORT_DEFAULT,
    slaves: integerOf("--slaves", values.slaves, { min: 0, max: SLAVES_MAX }),
    flavour: flavourOf(values.flavour),
    etcd: values["no-etcd"] ? 0 : integerOf("--etcd", values.etcd, { min: 0, max: ETCD_MEMBERS_MAX }),
    directory: values.dir === undefined || values.dir === "" ? ".understudy" : values.dir,
    fresh: values.fresh ?? false,
    json: values.json ?? false,
  };
}

function parse(commandLine: readonly string[]) {
  try {
    return parseArgs({
      args: [...commandLine],
      strict: true,
      allowPositionals: false,
      options: {
        help: { type: "boolean", short: "h" },
        port: { type: "string" },
        slaves: { type: "string" },
        flavour: { type: "string" },
        etcd: { type: "string" },
        "no-etcd": { type: "boolean" },
        dir: { type: "string" },
        fresh: { type: "boolean" },
        json: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    // Node explains at length how positional arguments might be meant; its first sentence is what people need
    const [sentence = ""] = messageOf(error).split(/\. |\n/);
    throw new UnderstudyError("config-invalid", `${sentence.replace(/\.$/, "")}; see --help`, {
      cause: error,
    });
  }
}

function integerOf(
  name: string,
  text: string | undefined,
  range: { readonly min: number; readonly max: number },
): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new UnderstudyError(
    "config-invalid",
    `${name} takes a whole number from ${range.min} to ${range.max}, not "${text}"`,
  );
}

function flavourOf(text: string | undefined): Flavour | null {
  if (text === undefined) return null;
  const flavour = FLAVOURS.find((candidate) => candidate === text);
  if (flavour) return flavour;
  throw new UnderstudyError("config-invalid", `--flavour takes mariadb or mysql, not "${text}"`);
}
