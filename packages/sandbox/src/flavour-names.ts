import type { Flavour } from "@understudy/protocol";

/** Names of the flavours for people. */
export const FLAVOUR_NAMES: Readonly<Record<Flavour, string>> = { mysql: "MySQL", mariadb: "MariaDB" };
