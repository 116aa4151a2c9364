import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** An authority of its own that signs certificates for 127.0.0.1, as PEM files in a temporary folder. */
export interface TestAuthority extends AsyncDisposable {
  readonly caFile: string;
  readonly ca: string;
  readonly issue: (
    name: string,
    address?: string,
  ) => Promise<{ certFile: string; keyFile: string; cert: string; key: string }>;
}

/** Makes an authority by `openssl`. */
export async function openTestAuthority(): Promise<TestAuthority> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-ca-"));
  const at = (name: string): string => join(directory, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run("openssl", [
    "req",
    "-x509",
    ...newKey,
    "-days",
    "2",
    "-subj",
    "/CN=test authority",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
  ]);
  return {
    caFile: at("ca.pem"),
    ca: await readFile(at("ca.pem"), "utf8"),
    issue: async (name, address = "127.0.0.1") => {
      const [keyFile, csrFile, certFile, extFile] = [
        at(`${name}.key`),
        at(`${name}.csr`),
        at(`${name}.pem`),
        at(`${name}.ext`),
      ];
      await writeFile(extFile, `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      await run("openssl", ["req", ...newKey, "-subj", `/CN=${name}`, "-keyout", keyFile, "-out", csrFile]);
      const authority = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"];
      await run("openssl", [
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        csrFile,
        ...authority,
        "-extfile",
        extFile,
        "-out",
        certFile,
      ]);
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
