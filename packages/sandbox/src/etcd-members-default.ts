/**
 * Members of etcd that `npm start` begins a new folder with, where nothing is said of it and etcd is there; 0 for none. Read by
 * `scripts/start.mjs` as well.
 */
export const ETCD_MEMBERS_DEFAULT: number = 1;
