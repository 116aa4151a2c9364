export {
  CertificateKeeper,
  readCheckedTls,
  type CertificateKeeperOptions,
  type CertificateNews,
} from "./certificate-keeper.ts";
export { endWarning } from "./check-material.ts";
export {
  DATABASE_TLS_PARAMETERS,
  databaseSslOptions,
  databaseTlsProblems,
  parseDatabaseTls,
  type DatabaseAddress,
  type DatabaseConnectionOptions,
  type DatabaseSslOptions,
  type DatabaseTls,
  type SslMode,
} from "./database-tls.ts";
export {
  createReloadingConnector,
  type ReloadingConnectorOptions,
  type TlsSource,
} from "./reloading-connector.ts";
export { tlsFailureWords } from "./tls-failure-words.ts";
export {
  NO_TLS_MATERIAL,
  type TlsFiles,
  type TlsMaterial,
  type TlsNames,
  type TlsPart,
} from "./tls-files.ts";
