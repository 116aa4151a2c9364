/** Weight of a log line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** One kind of log line. */
export interface LogEvent {
  readonly level: LogLevel;
  readonly meaning: string;
}

/**
 * Every `event` that a node logs. They are stable: what watches logs may rely on them, on nothing in the sentences. `docs/logs.md` is made from this,
 * and a test holds it against the sources.
 */
export const LOG_EVENTS: Readonly<Record<string, LogEvent>> = {
  listening: { level: "info", meaning: "The node answers requests, at `url`; it has no role yet." },
  "start-waits": { level: "warn", meaning: "The database server does not answer yet; the node tries on." },
  "server-warning": {
    level: "warn",
    meaning: "A setting of the database server that is not as it should be.",
  },
  "role-taken": { level: "info", meaning: "The node's first role: `role`, `epoch`." },
  "role-change-waits": {
    level: "warn",
    meaning: "A change of role is held up, mostly by the database server; the node tries on.",
  },
  "role-end-failed": {
    level: "error",
    meaning: "Something of a role that has ended could not be closed in order.",
  },
  stopping: { level: "info", meaning: "The node stops in order, by `signal`." },
  "not-handed-over": { level: "warn", meaning: "A master that stops could not hand its lead over, and why." },
  "job-failed": { level: "warn", meaning: "A switchover, a rebuild or a backup (`kind`) failed, and why." },
  crashed: { level: "error", meaning: "A defect ends the process; `err` has the stack." },
  "log-level-changed": { level: "info", meaning: "SIGUSR2 has come; `logLevel` is in force." },
  "rule-broken": {
    level: "error",
    meaning: "A test has this node break one of its own rules. Never in production.",
  },

  request: {
    level: "debug",
    meaning:
      "A request is over: `requestId`, `method`, `route`, `status`, `tookMs`, and where there are any `code`, `idempotencyKey`, `transactionId`, `traceId`, `spanId`, `forwarded`, `forwardedBy`, `cut` (the connection went before the answer's end).",
  },
  "slow-request": {
    level: "info",
    meaning: "The same of a client's request that took longer than `UNDERSTUDY_SLOW_REQUEST_MS`.",
  },
  "request-failed": {
    level: "debug",
    meaning:
      "A request was refused or failed, with its `code`. At `error`, with the stack, where that is `internal`: a defect.",
  },
  "stream-failed": {
    level: "debug",
    meaning: "A streamed answer ended early. At `error` where that is a defect.",
  },
  "answer-failed": { level: "error", meaning: "Not even an error could be answered." },
  "copy-broken": {
    level: "warn",
    meaning:
      "A copy of the data that this node gives broke off: a member asks again by itself, a backup has to be asked for again.",
  },
  "kill-query-failed": {
    level: "warn",
    meaning: "A statement that ran too long could not be ended on the server; its connection was cut.",
  },
  "transaction-expiry-failed": {
    level: "error",
    meaning: "An interactive transaction that is over could not be ended in order.",
  },
  "transaction-close-failed": { level: "error", meaning: "The same at the end of the role." },
  "transaction-end-failed": {
    level: "warn",
    meaning: "The end of an interactive transaction did not go through; its connection was dropped.",
  },
  "key-intent-stays": {
    level: "warn",
    meaning: "A note on a write under an idempotency key could not be taken away yet; it is tried again.",
  },
  "key-row-dropped": {
    level: "info",
    meaning: "A kept answer that does not count was in the way of a new one, and was dropped.",
  },
  "key-purge-failed": {
    level: "debug",
    meaning: "Old answers of idempotency keys could not be deleted; it is tried again.",
  },
  "key-purge-ended": {
    level: "error",
    meaning: "A defect: old answers of idempotency keys are not deleted any more.",
  },

  audit: {
    level: "info",
    meaning:
      "Who changed the cluster's shape, or tried to: `action`, `params`, `caller` (the token's name), `address`, `requestId`, `status`; also that the list of tokens was read again. At `error` where a list that was read again will not do.",
  },
  unauthenticated: {
    level: "warn",
    meaning:
      "A request came without a token, or with a wrong one: `address`, `request`. At most one a second of an address, after twenty.",
  },
  "tokens-warning": {
    level: "warn",
    meaning: "Something about the file of tokens that should be otherwise.",
  },
  "node-token-changed": { level: "info", meaning: "The node's own token was read again." },
  "node-token-unreadable": {
    level: "error",
    meaning: "The file of the node's own token can't be read; the last one stays in force.",
  },
  "file-watch-ended": {
    level: "error",
    meaning: "A defect: changes of the file at `path` are not noticed any more.",
  },
  "certificate-ends": {
    level: "warn",
    meaning:
      "A certificate that the database server or etcd shows (`use`) ends soon, or has ended; once a day.",
  },
  "certificate-not-seen": {
    level: "debug",
    meaning:
      "The database server or etcd (`use`) could not be asked for its certificate; the next look is in an hour.",
  },
  "certificates-reloaded": {
    level: "info",
    meaning: "The TLS files were changed: new connections use what they hold now.",
  },
  "certificates-refused": {
    level: "error",
    meaning: "The TLS files were changed but can't be used, and why: the former certificates stay in force.",
  },
  "certificates-warning": {
    level: "warn",
    meaning: "What is wrong with the certificates in force, such as that one ends soon; once a day.",
  },
  "certificates-unwatched": {
    level: "error",
    meaning: "A defect: changes of certificates are not noticed any more.",
  },

  election: { level: "info", meaning: "What this node decides in the election, and why, in one sentence." },
  "election-tick-failed": {
    level: "debug",
    meaning: "One look at the election failed; the next is a second away.",
  },
  "election-ended": { level: "error", meaning: "A defect: this node takes no part in elections any more." },
  "term-loop-ended": { level: "error", meaning: "A defect in what a master does for its lead." },
  "lead-failed": { level: "error", meaning: "The node was elected, but could not begin to lead." },
  "step-down-failed": { level: "error", meaning: "The end of a lead was not in order." },
  "not-resigned": { level: "warn", meaning: "A lead could not be given back; it ends with its lease." },
  "lease-lost": { level: "warn", meaning: "The node's lease has run out in etcd." },
  "lease-not-revoked": { level: "debug", meaning: "A lease could not be given back; it runs out." },
  "failsafe-not-agreed": {
    level: "debug",
    meaning: "A master that can't reach etcd could not ask all members to accept no other.",
  },
  "sync-not-settled": {
    level: "debug",
    meaning: "It could not be written down yet which slaves are in sync.",
  },
  "conditions-not-followed": { level: "error", meaning: "A defect: waits for acks do not hear of changes." },
  "node-id-taken": {
    level: "error",
    meaning: "Another node has the same id, and where it is: stop one of them.",
  },
  "format-too-new": {
    level: "error",
    meaning:
      "A newer release has changed the cluster's keys in etcd: this node takes no part until it is upgraded.",
  },
  "lead-not-settled": {
    level: "warn",
    meaning: "Without etcd: it could not be settled yet who leads, and why; it is tried again.",
  },
  "etcd-away": { level: "warn", meaning: "etcd does not answer, or refuses, and why." },
  "etcd-back": { level: "info", meaning: "etcd answers again." },
  "etcd-endpoint-failed": {
    level: "warn",
    meaning: "One member of etcd, at `url`, does not answer; others are asked.",
  },
  "etcd-endpoint-back": { level: "info", meaning: "That member answers again." },
  "etcd-watch-broken": { level: "debug", meaning: "The stream of changes from etcd broke; it begins again." },
  "commit-watch-ended": {
    level: "error",
    meaning: "A defect: a database server that does not commit is not noticed any more.",
  },

  "registration-failed": { level: "warn", meaning: "The slave could not register with the master, and why." },
  "registration-ended": { level: "error", meaning: "A defect: the slave does not register any more." },
  "invitations-ended": { level: "error", meaning: "A defect: the master invites no members any more." },
  "not-prepared": {
    level: "debug",
    meaning: "A slave could not prepare its database server for a lead; it does so when it leads.",
  },
  "reach-not-watched": {
    level: "error",
    meaning: "A defect: a master does not notice any more that it reaches too few slaves.",
  },
  "binlog-not-judged": {
    level: "debug",
    meaning:
      "A master whose binlog reader fails could not ask its database server how much there is to read.",
  },
  "member-not-invited": {
    level: "debug",
    meaning: "A member could not be told who leads; it is tried again.",
  },
  "rebuild-waits": { level: "debug", meaning: "A fresh copy has to wait for another job of the node." },
  "delivery-failed": { level: "warn", meaning: "Deliveries to `member` begin to fail, with `code`." },
  "delivery-loop-ended": { level: "error", meaning: "A defect: nothing is delivered to `member` any more." },
  "binlog-reader-failed": { level: "warn", meaning: "The master can't read its binlog; it tries on." },
  "binlog-reader-ended": { level: "error", meaning: "A defect: the binlog is not read any more." },
  "applier.broken": {
    level: "error",
    meaning: "A transaction can't be applied here: `gtid`, `table`, `error`. Nothing behind it is applied.",
  },
  "applier.lock-wait": {
    level: "warn",
    meaning: "Applying waits for a lock that another session on this server holds.",
  },
  "applier.unknown-status-variable": {
    level: "warn",
    meaning: "The binlog has a setting that this release does not know.",
  },
  "replay.unknown-status-variable": {
    level: "warn",
    meaning: "The same while a quarantined transaction is applied.",
  },
  "health-monitor-defect": { level: "error", meaning: "A defect in the probes of peers." },
  "view-not-fetched": {
    level: "debug",
    meaning: "The slave could not ask the master for the cluster's view.",
  },
  "view-follower-ended": { level: "error", meaning: "A defect: that is not asked any more." },
  "schema-warnings-failed": {
    level: "debug",
    meaning: "The look for tables without a primary key and the like failed; it is done again.",
  },
  "schema-warnings-ended": { level: "error", meaning: "A defect: that look is not done any more." },
  "visible-not-told": { level: "debug", meaning: "The server could not be asked for its position." },
  "master-reads-ended": { level: "error", meaning: "A defect in how the master follows its own position." },
  "master-not-asked": {
    level: "debug",
    meaning: "The master could not be asked what a strong read has to see.",
  },
  "epochs-not-read": { level: "warn", meaning: "The history of epochs could not be read from the database." },

  "snapshot-opened": { level: "info", meaning: "A copy of this node's data begins: `position`, `tables`." },
  "snapshot-restoring": {
    level: "info",
    meaning: "This node's data is being replaced by a copy as of `position`.",
  },
  "snapshot-restored": { level: "info", meaning: "The copy is whole." },
  "snapshot-grant-skipped": { level: "warn", meaning: "A right of an account could not be taken over." },
  "snapshot-view-broken": {
    level: "warn",
    meaning:
      "A view reads what is not there, on its source as well; its text is lost, and it fails here, too.",
  },
  "snapshot-scheduler-off": { level: "warn", meaning: "The event scheduler was turned off for the copy." },
};
