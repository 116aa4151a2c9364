import type { QuarantineManifest } from "@understudy/protocol";
import { ENTRY_FILES } from "./quarantine-folders.ts";

/** What a whole copy is and how to look into it, for people. */
export function wholeCopyText(manifest: QuarantineManifest): string {
  const { id, node, positions, savedAt, flavour, serverVersion, bytes, digest, wholeCopy } = manifest;
  const file = `quarantine/${id}/${ENTRY_FILES.wholeCopy}`;
  return `# ${id}: a copy of all data that ${node} had at ${savedAt}.
#
# ${node} had transactions that the master's history lacked, and they could not be saved alone:
# ${wholeCopy?.reason ?? ""}.
# So everything that its server held was kept before it took a fresh copy of the master's data.
#
# server             ${flavour} ${serverVersion}
# it had             ${positions.own}
# the master had     ${positions.master}
# both had the same  ${positions.shared === "" ? "(nothing)" : positions.shared}
# so lost may be     ${wholeCopy?.errant ?? ""}
# file               ${file} in the data folder of ${node}, ${bytes} bytes
# SHA-256            ${digest}
#
# To look into it, restore it into an empty ${flavour} server of its own, which is no node's:
#
#   node main.mjs restore --verify ${ENTRY_FILES.wholeCopy}
#   UNDERSTUDY_DATABASE_URL=<that server> UNDERSTUDY_CLUSTER_ID=look-${node} node main.mjs restore --file ${ENTRY_FILES.wholeCopy}
#
# Compare its tables with the cluster's, enter there what is missing, and then discard the entry with a reason.
`;
}
