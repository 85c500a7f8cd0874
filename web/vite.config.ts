import { defineConfig } from "vite";

// The built page is committed, so that installing Impasto needs no Node.
export default defineConfig({
  build: {
    outDir: "../src/impasto/studio/server/static",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    modulePreload: false,
    // The page's CSP lets no data: scripts or styles in; the icon stays a file.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": "http://127.0.0.1:7860" } },
});
