import type { ErrorCode } from "@understudy/protocol";
import Type from "typebox";
import { json, type Operation, type OperationTable } from "../operation.ts";

const OK = Type.Object({ status: Type.Literal("ok"), nodeId: Type.String() });
const NOT_READY: readonly ErrorCode[] = ["starting", "database-unavailable", "overloaded", "timeout"];

function health(summary: string, errors: readonly ErrorCode[], more: Partial<Operation> = {}): Operation {
  return {
    tag: "Health",
    summary,
    answers: "Yes. Any error is a no",
    content: json(OK, { status: "ok", nodeId: "node1" }),
    errors,
    ...more,
  };
}

/** What is told of `GET /health/…`, `/metrics` and `/openapi.json`. */
export const HEALTH_OPERATIONS: OperationTable = {
  "GET /health/live": health("Does the process answer?", []),
  "GET /health/ready": health("Can it serve reads?", [...NOT_READY, "too-stale"], {
    description:
      "200 when its database server answers, its data is whole, and its lag is at most `maxLagMs` where that is given. A lag that can't be known counts as too large.",
    parameters: { maxLagMs: 1000 },
  }),
  "GET /health/master": health("Is it the master, and ready?", [...NOT_READY, "no-leader"], {
    description: "For a load balancer that sends writes here, also straight to the database server.",
  }),
  "GET /health/slave": health("Is it a slave, and ready?", [...NOT_READY, "no-leader", "too-stale"], {
    parameters: { maxLagMs: 1000 },
  }),
  "GET /metrics": {
    tag: "Health",
    summary: "Metrics for Prometheus",
    answers: "Prometheus' text format",
    content: {
      "text/plain": {
        example:
          "# HELP understudy_is_master 1 on the master, 0 on a slave.\n# TYPE understudy_is_master gauge\nunderstudy_is_master 1\n",
      },
    },
    errors: [],
  },
  "GET /openapi.json": {
    tag: "Health",
    summary: "This document",
    description:
      "Made from the schemas that this node validates requests with, its configured limits included.",
    answers: "OpenAPI 3.1",
    content: json(Type.Object({ openapi: Type.String() }), { openapi: "3.1.1" }),
    errors: [],
  },
};
