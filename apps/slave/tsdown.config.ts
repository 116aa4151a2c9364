import { defineConfig } from "tsdown";

/** One file that runs outside any node_modules: what the image holds and what people can copy. */
export default defineConfig({
  entry: { main: "src/main.ts" },
  format: "esm",
  platform: "node",
  target: "node24",
  deps: { alwaysBundle: [/./], onlyBundle: false, onlyImport: [] },
  outputOptions: { codeSplitting: false },
  dts: false,
  sourcemap: true,
});
