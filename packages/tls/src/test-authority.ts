import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate and its key, as PEM files and their contents. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is for. */
export interface TestCertificateOptions {
  /** As openssl wants them. Default `IP:127.0.0.1,DNS:localhost`. */
  readonly names?: string;
  /** Days from now until its end, fractions included; negative for one that has expired. Default 30. */
  readonly days?: number;
  /** Default `serverAuth,clientAuth`. */
  readonly uses?: string;
  /** As openssl wants it. Default `/CN=<name>`. */
  readonly subject?: string;
}

/** An authority that signs certificates for tests, in a temporary folder that goes with it. */
export interface TestAuthority extends AsyncDisposable {
  readonly directory: string;
  readonly caFile: string;
  readonly ca: string;
  issue(name: string, options?: TestCertificateOptions): Promise<TestCertificate>;
}

const DAY_MS = 86_400_000;
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;

/** Makes an authority by `openssl`, which must be there. */
export async function openTestAuthority(): Promise<TestAuthority> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-ca-"));
  const at = (name: string): string => join(directory, name);
  const caFile = at("ca.pem");
  const ofAuthority = ["req", "-x509", ...NEW_KEY, "-days", "60", "-subj", "/CN=test authority"];
  await run("openssl", [...ofAuthority, "-keyout", at("ca.key"), "-out", caFile]);
  return {
    directory,
    caFile,
    ca: await readFile(caFile, "utf8"),
    issue: async (
      name,
      { names = "IP:127.0.0.1,DNS:localhost", days = 30, uses, subject = `/CN=${name}` } = {},
    ) => {
      const [keyFile, csrFile, certFile, extFile] = ["key", "csr", "pem", "ext"].map((end) =>
        at(`${name}.${end}`),
      ) as [string, string, string, string];
      await writeFile(
        extFile,
        `subjectAltName=${names}\nextendedKeyUsage=${uses ?? "serverAuth,clientAuth"}\n`,
      );
      await run("openssl", ["req", ...NEW_KEY, "-subj", subject, "-keyout", keyFile, "-out", csrFile]);
      await writeFile(at(`${name}.cnf`), caConfiguration(directory, name));
      await writeFile(at(`${name}.index`), "");
      const untilMs = Date.now() + days * DAY_MS;
      const signed = ["ca", "-batch", "-notext", "-config", at(`${name}.cnf`), "-in", csrFile];
      const fromMs = Math.min(Date.now(), untilMs) - DAY_MS;
      const dates = ["-startdate", asn1Time(fromMs), "-enddate", asn1Time(untilMs)];
      await run("openssl", [...signed, ...dates, "-extfile", extFile, "-out", certFile]);
      return {
        certFile,
        keyFile,
        cert: await readFile(certFile, "utf8"),
        key: await readFile(keyFile, "utf8"),
      };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** `20261126101500Z`. */
function asn1Time(ms: number): string {
  return `${new Date(ms).toISOString().replaceAll(/[-:T]|\..*/g, "")}Z`;
}

/** `openssl ca`, since only that takes any dates; with books of its own for each certificate, so that several may be made at a time. */
function caConfiguration(directory: string, name: string): string {
  return `[ca]
default_ca = test
[test]
database = ${join(directory, `${name}.index`)}
new_certs_dir = ${directory}
certificate = ${join(directory, "ca.pem")}
private_key = ${join(directory, "ca.key")}
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = optional
organizationName = optional
`;
}
