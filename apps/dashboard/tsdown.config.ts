import { defineConfig } from "tsdown";

/** Ink asks for React's developer tools only when DEV is set, and they are not installed: the bundle has nothing in their place. */
const withoutDeveloperTools = {
  name: "without-developer-tools",
  resolveId: (id: string): string | undefined => (id === "react-devtools-core" ? "\0no-devtools" : undefined),
  load: (id: string): string | undefined => (id === "\0no-devtools" ? "export default {};" : undefined),
};

/** One file that runs outside any node_modules. */
export default defineConfig({
  entry: { main: "src/main.tsx" },
  format: "esm",
  platform: "node",
  target: "node24",
  deps: { alwaysBundle: [/./], onlyBundle: false, onlyImport: [] },
  // Leaves out React's own development checks, which are slow.
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  plugins: [withoutDeveloperTools],
  outputOptions: { codeSplitting: false },
  // How long the bundler took on a busy machine is no warning.
  inputOptions: { checks: { bundlerTimings: false } },
  dts: false,
});
