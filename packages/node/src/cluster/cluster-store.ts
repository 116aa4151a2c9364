import { randomToken } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SqlExecutor, SqlRow, SqlSession } from "@understudy/sql-executor";
import { askEpochStart, insertEpoch, readEpochs, type EpochRecord } from "./epoch-store.ts";
import { isMissing } from "./is-missing.ts";
import {
  checkSchemaFormat,
  ensureSchema,
  IDEMPOTENCY_SECRET,
  readSecret,
  readWholeSchema,
} from "./cluster-schema.ts";

/** What a node's database says of the cluster that it belongs to. */
export interface ClusterRecord {
  readonly clusterId: string;
  readonly epoch: bigint;
  /** Node that leads, or led, in that epoch. */
  readonly leader: string;
}

/** A member as the cluster remembers it over restarts. */
export interface MemberRecord {
  readonly nodeId: string;
  readonly url: string;
  readonly serverVersion: string;
  readonly version: string;
}

/** How a master begins to lead. */
export interface LeadOptions {
  /** The configured name of the cluster. */
  readonly clusterId: string | undefined;
  /** What an election has given it; null without one, where it goes on in the epoch that it led. */
  readonly epoch: bigint | null;
}

/** What a master begins from, before it writes anything of its lead. */
export interface LeadBasis {
  /** Null in a new cluster. */
  readonly known: ClusterRecord | null;
  /** Where its server's history ends. */
  readonly start: Pick<EpochRecord, "startGtid" | "startState">;
  /** As {@link ClusterStore.idempotencySecret}; null where the schema lacks something. */
  readonly secret: Uint8Array | null;
  /** As {@link ClusterStore.members}. */
  readonly members: readonly MemberRecord[];
  /** As {@link ClusterStore.epochs}. */
  readonly epochs: readonly EpochRecord[];
}

/** What a master has begun with. */
export interface BegunLead {
  readonly record: ClusterRecord;
  /** As {@link ClusterStore.idempotencySecret}. */
  readonly secret: Uint8Array;
  /** As {@link ClusterStore.epochs}. */
  readonly epochs: readonly EpochRecord[];
  /** GTID of the transaction that began an epoch; null where none was begun, or something else was written besides. */
  readonly gtid: string | null;
}

/**
 * The cluster's own facts, kept in the schema `understudy` of the replicated data itself: written by the master alone, so
 * that every node has them, in step with the data, and a restored backup knows where it came from.
 */
export class ClusterStore {
  readonly #executor: SqlExecutor;

  constructor(executor: SqlExecutor) {
    this.#executor = executor;
  }

  /** Null where this database was in no cluster yet. Throws `version-mismatch` where a newer release has changed its schema. */
  async read(): Promise<ClusterRecord | null> {
    return this.#executor.withAdmin((session) => readRecord(session));
  }

  /** Members that the cluster knows, up or down; none where this database has not got their table yet. */
  async members(): Promise<MemberRecord[]> {
    return this.#executor.withAdmin((session) => readMembers(session));
  }

  /** The secret under which idempotency keys are sealed. Throws `internal` where it is gone: `lead` makes it. */
  async idempotencySecret(): Promise<Uint8Array> {
    const secret = await this.#executor.withAdmin((session) => readSecret(session, IDEMPOTENCY_SECRET));
    if (secret) return secret;
    throw new UnderstudyError("internal", "understudy.secrets has lost the secret of idempotency keys");
  }

  /**
   * Called by a master as its role begins, while nothing else writes: what there is. Throws `cluster-mismatch` where the data belongs to
   * another cluster than the configured one, and as {@link read}.
   */
  async readBasis(clusterId: string | undefined): Promise<LeadBasis> {
    return this.#executor.withAdmin(async (session) => {
      const whole = await readWholeSchema(session);
      const known = whole ? recordOf(whole.cluster) : await readRecord(session);
      if (known) checkClusterId(known, clusterId);
      return {
        known,
        start: await askEpochStart(session, this.#executor.server.flavour),
        secret: whole?.secret ?? null,
        members: await readMembers(session),
        epochs: await readEpochs(session),
      };
    });
  }

  /**
   * Begins to lead: makes the schema in a new cluster (or what an older one lacks), and a new epoch where one was given, or another node
   * led before. `basis` is what {@link readBasis} has just told.
   */
  async lead(self: MemberRecord, options: LeadOptions, basis: LeadBasis): Promise<BegunLead> {
    return this.#executor.withAdmin(async (session) => {
      const secret = basis.secret ?? (await ensureSchema(session));
      return { secret, ...(await beginEpoch(session, { self, options, basis })) };
    });
  }

  /** Where each epoch began, as far as this database knows. */
  async epochs(): Promise<EpochRecord[]> {
    return this.#executor.withAdmin((session) => readEpochs(session));
  }

  /** Remembers a member; does not write where nothing changed. */
  async saveMember(member: MemberRecord): Promise<void> {
    await this.#executor.withAdmin((session) => upsertMember(session, member));
  }

  /** Forgets a member for good. */
  async removeMember(nodeId: string): Promise<void> {
    await this.#executor.withAdmin((session) =>
      session.run("DELETE FROM understudy.members WHERE node_id = ?", [nodeId]),
    );
  }
}

interface Begin {
  readonly self: MemberRecord;
  readonly options: LeadOptions;
  readonly basis: LeadBasis;
}

async function beginEpoch(
  session: SqlSession,
  { self, options, basis }: Begin,
): Promise<Omit<BegunLead, "secret">> {
  const { known, start, members, epochs } = basis;
  const { nodeId } = self;
  const isKept = options.epoch === null && known?.leader === nodeId;
  const record: ClusterRecord = isKept
    ? known
    : {
        clusterId: known?.clusterId ?? options.clusterId ?? randomToken(9),
        epoch: options.epoch ?? (known?.epoch ?? 0n) + 1n,
        leader: nodeId,
      };
  const began: EpochRecord = { epoch: record.epoch, nodeId, ...start };
  if (isKept) {
    if (epochs.some(({ epoch }) => epoch === known.epoch)) return { record, epochs, gtid: null };
    await insertEpoch(session, began);
    return { record, epochs: [...epochs, began], gtid: null };
  }
  await session.run("START TRANSACTION");
  await session.run(
    `INSERT INTO understudy.cluster (id, cluster_id, epoch, leader) VALUES (1, ?, ?, ?)
     ON DUPLICATE KEY UPDATE epoch = ?, leader = ?`,
    [record.clusterId, record.epoch, nodeId, record.epoch, nodeId],
  );
  await insertEpoch(session, began);
  // a master is a member, too: the next one counts it, and finds it
  if (!members.some((member) => isSameMember(member, self))) await upsertMember(session, self);
  const { gtid } = await session.run("COMMIT");
  return { record, epochs: [...epochs, began], gtid: basis.secret && gtid };
}

/** True for the same member at the same address, of the same versions. */
export function isSameMember(a: MemberRecord, b: MemberRecord): boolean {
  return (
    a.nodeId === b.nodeId && a.url === b.url && a.serverVersion === b.serverVersion && a.version === b.version
  );
}

async function readMembers(session: SqlSession): Promise<MemberRecord[]> {
  try {
    const rows = await session.rows(
      "SELECT node_id, url, server_version, version FROM understudy.members ORDER BY node_id",
    );
    return rows.map((row) => ({
      nodeId: String(row["node_id"]),
      url: String(row["url"]),
      serverVersion: String(row["server_version"]),
      version: String(row["version"]),
    }));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function upsertMember(session: SqlSession, member: MemberRecord): Promise<void> {
  const { nodeId, url, serverVersion, version } = member;
  await session.run(
    `INSERT INTO understudy.members (node_id, url, server_version, version) VALUES (?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE url = ?, server_version = ?, version = ?`,
    [nodeId, url, serverVersion, version, url, serverVersion, version],
  );
}

/** Throws `cluster-mismatch` where a cluster id was configured and the data has another. */
export function checkClusterId(record: ClusterRecord, configured: string | undefined): void {
  if (configured === undefined || configured === record.clusterId) return;
  throw new UnderstudyError(
    "cluster-mismatch",
    `this database belongs to the cluster ${record.clusterId}, but UNDERSTUDY_CLUSTER_ID is ${configured}`,
  );
}

async function readRecord(session: SqlSession): Promise<ClusterRecord | null> {
  await checkSchemaFormat(session);
  try {
    const [row] = await session.rows("SELECT cluster_id, epoch, leader FROM understudy.cluster WHERE id = 1");
    return recordOf(row ?? null);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function recordOf(row: SqlRow | null): ClusterRecord | null {
  if (!row) return null;
  return {
    clusterId: String(row["cluster_id"]),
    epoch: BigInt(String(row["epoch"])),
    leader: String(row["leader"]),
  };
}
