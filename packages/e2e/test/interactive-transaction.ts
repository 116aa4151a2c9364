import { expect } from "vitest";
import type { Answer, ClusterNode } from "../src/index.ts";

/** An interactive transaction as a test holds it, at one node. */
export class InteractiveTransaction {
  readonly id: string;
  readonly node: ClusterNode;

  private constructor(id: string, node: ClusterNode) {
    this.id = id;
    this.node = node;
  }

  static async begin(node: ClusterNode, options: object = {}): Promise<InteractiveTransaction> {
    const answer = await node.post("/transactions", options);
    expect(answer.status, answer.text).toBe(201);
    const { id, expiresAt } = answer.body;
    expect(Date.parse(String(expiresAt))).toBeGreaterThan(Date.now() - 60_000);
    return new InteractiveTransaction(String(id), node);
  }

  async query(sql: string): Promise<Answer> {
    return this.node.post(`/transactions/${this.id}/query`, { sql });
  }

  /** `more` is a list of parameters, or further fields. */
  async execute(sql: string, more: readonly unknown[] | object = {}): Promise<Answer> {
    const fields = Array.isArray(more) ? { params: more as readonly unknown[] } : more;
    return this.node.post(`/transactions/${this.id}/execute`, { sql, ...fields });
  }

  async commit(options: object = {}): Promise<Answer> {
    return this.node.post(`/transactions/${this.id}/commit`, options);
  }

  async rollback(): Promise<Answer> {
    return this.node.post(`/transactions/${this.id}/rollback`, {});
  }
}
