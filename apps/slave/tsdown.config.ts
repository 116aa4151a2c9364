import { embedPageAssets } from "@understudy/node/build";
import { defineConfig } from "tsdown";

/** One file that runs outside any node_modules: what the image holds and what people can copy. */
export default defineConfig({
  entry: { main: "src/main.ts" },
  format: "esm",
  platform: "node",
  target: "node24",
  deps: { alwaysBundle: [/./], onlyBundle: false, onlyImport: [] },
  outputOptions: { codeSplitting: false },
  plugins: [embedPageAssets],
  dts: false,
  sourcemap: true,
});
