import { FailoverAnswer, Job, JobsAnswer, PlanAnswer } from "@understudy/protocol";
import { json, type OperationTable } from "../operation.ts";

const JOB: Job = {
  id: "node1:m8x1k2-1",
  kind: "switchover",
  nodeId: "node1",
  state: "running",
  startedAt: "2026-01-01T12:00:00.000Z",
  endedAt: null,
  steps: [
    {
      name: "check",
      state: "done",
      startedAt: "2026-01-01T12:00:00.000Z",
      tookMs: 3,
      detail: "node2 follows closely",
    },
  ],
  error: null,
};

/** What is told of the routes that change, or would change, who leads. */
export const FAILOVER_OPERATIONS: OperationTable = {
  "GET /cluster/plan": {
    tag: "Cluster",
    summary: "Who would be promoted now, and why",
    description:
      "As this node knows the cluster. Without etcd nobody is promoted by itself, and the answer says so.",
    answers: "The winner, by what evidence, what stands against it, and each candidate's prospects",
    content: json(PlanAnswer, {
      election: "etcd",
      epoch: "3",
      leader: "node1",
      winner: "node2",
      evidence:
        "2 of the 2 slaves in sync are there (node2, node3); each confirmed write was acked by 1, so 2 of them have all",
      blocked: [],
      candidates: [
        { nodeId: "node2", isFit: true, reason: "it has all that the others have" },
        { nodeId: "node3", isFit: false, reason: "node2 has transactions that it lacks" },
      ],
      sync: { members: ["node2", "node3"], acks: 1 },
    }),
    errors: ["starting"],
  },
  "POST /cluster/switchover": {
    tag: "Cluster",
    summary: "Hands the lead over, without a failed write",
    description:
      "Writes wait while the target gets the last ones, then go to it. Until the hand-over itself a failure leaves everything as it was. Without etcd the two nodes agree by themselves; where the target is lost just when it is offered the lead, the old master takes no writes until the target answers, or a person decides.",
    requests: { "To a certain node": { to: "node2" }, "To the one that would win a failover": {} },
    answers: "The job, whose steps `GET /jobs/{id}` tells at any node",
    status: 202,
    content: json(Job, JOB),
    errors: ["starting", "no-leader", "node-unreachable", "forward-loop", "promotion-blocked", "job-running"],
  },
  "POST /cluster/failover": {
    tag: "Cluster",
    summary: "Makes a node the master by a person's word",
    description:
      "For when nobody is promoted by itself: without etcd, or where `GET /cluster/plan` says what blocks it. Refused without `acceptLoss` where confirmed writes could be lost. What only the old master has is not in the new history.",
    requests: { "This node, whatever is lost": { acceptLoss: true } },
    answers: "The node leads",
    content: json(FailoverAnswer, { leader: "node2", epoch: "4" }),
    errors: [
      "starting",
      "not-found",
      "promotion-blocked",
      "coordination-unavailable",
      "no-leader",
      "node-unreachable",
      "database-unavailable",
    ],
  },
  "GET /jobs": {
    tag: "Cluster",
    summary: "The long work of this node",
    answers: "Its latest jobs, the newest first; they are forgotten at a restart",
    content: json(JobsAnswer, { jobs: [JOB] }),
    errors: [],
  },
  "GET /jobs/:id": {
    tag: "Cluster",
    summary: "How far a job is",
    answers: "The job and its steps; a job of another member is asked of that one",
    content: json(Job, JOB),
    parameters: { id: "node1:m8x1k2-1" },
    errors: ["starting", "not-found", "node-unreachable"],
  },
  "DELETE /jobs/:id": {
    tag: "Cluster",
    summary: "Cancel a job",
    description:
      "A switchover can be cancelled until the hand-over itself, and everything is as before then; a backup at any time; a rebuild can't be. One that has ended is left as it is. A job of another member is cancelled there.",
    answers: "The job, which ends as soon as it can: as `failed`, since it was cancelled",
    status: 202,
    content: json(Job, JOB),
    parameters: { id: "node1:m8x1k2-1" },
    errors: ["starting", "not-found", "not-cancellable", "node-unreachable"],
  },
};
