import { runNode } from "@understudy/node";

await runNode("slave");
