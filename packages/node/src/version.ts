/** Version of Understudy, as it is told to other nodes and users. */
export const VERSION = "0.1.0";
