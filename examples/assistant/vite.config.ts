import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The package, as it lies beside this example: a product of your own installs its tarball instead (docs/client.md). */
const client = new URL("../../types/", import.meta.url).pathname;

export default defineConfig({
  // Served from any folder of any host.
  base: "./",
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^groundwork-client$/, replacement: `${client}client.ts` },
      { find: /^groundwork-client\/(.*)$/, replacement: `${client}$1.ts` },
    ],
    dedupe: [
      "react",
      "react-dom",
      "@supabase/supabase-js",
      "eventsource-parser",
    ],
  },
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: false,
  },
});
