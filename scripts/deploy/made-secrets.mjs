import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./manifests.mjs";

const run = promisify(execFile);
const PARTS = ["docker/make-secrets.sh", "docker/parts", "deploy/kubernetes/make-secrets.sh"];

/** What a `make-secrets.sh` makes, in a temporary folder that goes with it. */
export class MadeSecrets {
  /** @type {string} */
  #root;
  /** @type {string} */
  #script;

  /** @param {string} root @param {string} script */
  constructor(root, script) {
    this.#root = root;
    this.#script = script;
  }

  /** Runs a script, from its own path in the repository. @param {string} script */
  static async open(script) {
    const root = await mkdtemp(join(tmpdir(), "understudy-secrets-"));
    for (const part of PARTS) await cp(join(ROOT, part), join(root, part), { recursive: true });
    const made = new MadeSecrets(root, script);
    await made.run();
    return made;
  }

  /** Runs it again. @param {readonly string[]} args */
  async run(args = []) {
    await run(join(this.#root, this.#script), args);
  }

  /** The folder with the files. */
  get folder() {
    return join(this.#root, this.#script, "..", "secrets");
  }

  /** @param {string} name */
  read(name) {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /**
   * Why a client that trusts the authority would not take the certificate for the host; null where it would.
   * @param {string} certificate @param {string} authority Files.
   * @param {string} host A name or an address.
   */
  problemOf(certificate, authority, host) {
    const shown = new X509Certificate(this.read(certificate));
    const trusted = new X509Certificate(this.read(authority));
    if (!shown.checkIssued(trusted) || !shown.verify(trusted.publicKey))
      return `${authority} did not sign it`;
    if (Date.parse(shown.validTo) < Date.now() || Date.parse(shown.validFrom) > Date.now())
      return "it is not valid now";
    const isFor = isIP(host) ? shown.checkIP(host) : shown.checkHost(host);
    return isFor === undefined ? `it is for ${shown.subjectAltName}, not for ${host}` : null;
  }

  async [Symbol.asyncDispose]() {
    await rm(this.#root, { recursive: true });
  }
}
