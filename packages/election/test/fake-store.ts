import type { StoreChange } from "../src/coordination-store.ts";
import { UnderstudyError } from "@understudy/protocol";

/** How a store answers one call. */
type Answer<T> = () => Promise<T>;

/** A store whose every answer a test gives, in the order of the calls. */
export class FakeStore {
  readonly calls: string[] = [];
  readonly changes: StoreChange[] = [];
  readonly leases: Answer<string | boolean>[] = [];
  readonly answers: Answer<{ readonly made: boolean; readonly revision: bigint }>[] = [];

  async grantLease(): Promise<string> {
    this.calls.push("grant");
    return String(await next(this.leases));
  }

  async keepAlive(leaseId: string): Promise<boolean> {
    this.calls.push(`keep ${leaseId}`);
    return (await next(this.leases)) === true;
  }

  async revokeLease(leaseId: string): Promise<void> {
    this.calls.push(`revoke ${leaseId}`);
    await next(this.leases);
  }

  async change(change: StoreChange): Promise<{ readonly made: boolean; readonly revision: bigint }> {
    this.changes.push(change);
    return next(this.answers);
  }
}

/** The store does not answer in time. */
export async function unavailable(): Promise<never> {
  throw new UnderstudyError("coordination-unavailable", "etcd does not answer");
}

async function next<T>(answers: Answer<T>[]): Promise<T> {
  const answer = answers.shift();
  return answer ? answer() : unavailable();
}
