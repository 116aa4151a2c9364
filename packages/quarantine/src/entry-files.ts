import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Compile } from "typebox/compile";
import {
  QuarantineDiscard,
  QuarantineManifest,
  QuarantineReport,
  QuarantinedTransaction,
  UnderstudyError,
} from "@understudy/protocol";
import { messageOf } from "@understudy/kernel";
import { ENTRY_FILES } from "./quarantine-folders.ts";

type Guard<T> = (value: unknown) => value is T;

const [manifest, discard, report, transaction] = [
  Compile(QuarantineManifest),
  Compile(QuarantineDiscard),
  Compile(QuarantineReport),
  Compile(QuarantinedTransaction),
];
const isManifest: Guard<QuarantineManifest> = (value) => manifest.Check(value);
const isDiscard: Guard<QuarantineDiscard> = (value) => discard.Check(value);
const isReport: Guard<QuarantineReport> = (value) => report.Check(value);
const isTransaction: Guard<QuarantinedTransaction> = (value) => transaction.Check(value);

/** The manifest in an entry's folder. Throws `internal` where it is damaged. */
export async function readManifest(folder: string): Promise<QuarantineManifest> {
  const told = await readJson(join(folder, ENTRY_FILES.manifest), isManifest);
  // earlier releases kept nothing else
  return { kind: "transactions", ...told };
}

/** Why an entry was discarded. Throws `internal` where it is damaged. */
export function readDiscard(folder: string): Promise<QuarantineDiscard> {
  return readJson(join(folder, ENTRY_FILES.discard), isDiscard);
}

/** A report of applying. Throws `internal` where it is damaged. */
export function readReport(folder: string, name: string): Promise<QuarantineReport> {
  return readJson(join(folder, name), isReport);
}

/** An entry's transactions in their order, line by line. Throws `internal` where one is damaged. */
export async function* readTransactions(
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<QuarantinedTransaction> {
  const path = join(folder, ENTRY_FILES.transactions);
  const stream = createReadStream(path, { signal });
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      yield parseAs(line, isTransaction, path);
    }
    signal.throwIfAborted();
  } finally {
    stream.destroy();
  }
}

async function readJson<T>(path: string, guard: Guard<T>): Promise<T> {
  return parseAs(await readFile(path, "utf8"), guard, path);
}

function parseAs<T>(text: string, guard: Guard<T>, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, messageOf(error), error);
  }
  if (guard(value)) return value;
  throw damaged(path, "it is not what was written there");
}

function damaged(path: string, reason: string, cause?: unknown): UnderstudyError {
  return new UnderstudyError(
    "internal",
    `the quarantine's file ${path} is damaged: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
