import { FLAVOURS, type Flavour } from "@understudy/protocol";
import { oneOf, parseOptions, wholeNumber } from "./command-line.ts";

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
  const values = parseOptions(commandLine, {
    help: { type: "boolean", short: "h" },
    port: { type: "string" },
    slaves: { type: "string" },
    flavour: { type: "string" },
    etcd: { type: "string" },
    "no-etcd": { type: "boolean" },
    dir: { type: "string" },
    fresh: { type: "boolean" },
    json: { type: "boolean" },
  });
  return {
    help: values.help ?? false,
    port: wholeNumber("--port", values.port, { min: 1, max: 65_535 }) ?? PORT_DEFAULT,
    slaves: wholeNumber("--slaves", values.slaves, { min: 0, max: SLAVES_MAX }),
    flavour: flavourOf(values.flavour),
    etcd: values["no-etcd"] ? 0 : wholeNumber("--etcd", values.etcd, { min: 0, max: ETCD_MEMBERS_MAX }),
    directory: values.dir === undefined || values.dir === "" ? ".understudy" : values.dir,
    fresh: values.fresh ?? false,
    json: values.json ?? false,
  };
}

function flavourOf(text: string | undefined): Flavour | null {
  return text === undefined ? null : oneOf("--flavour", text, FLAVOURS.toSorted());
}
