// A process of its own: reserves as many ports as its arguments say (seed, count), prints them as JSON, and keeps them until it is ended.
import { seededRandom } from "@understudy/kernel";
import { reservePort } from "../src/index.ts";

const [seed, count] = process.argv.slice(2).map(Number);
const random = seededRandom(seed ?? 0);
const ports: number[] = [];
while (ports.length < (count ?? 0)) ports.push((await reservePort({ random })).port);
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume();
