import { resolve } from "node:path";
import { defineConfig } from "vite";

// The customer widget goes on other people's sites: one file, no framework, and a name that
// never changes, because host pages have it in their script tag.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: resolve(import.meta.dirname, "../router/web/dist"),
    emptyOutDir: false,
    target: "es2020",
    lib: {
      entry: resolve(import.meta.dirname, "src/widget/main.ts"),
      formats: ["iife"],
      name: "Secondline",
      fileName: () => "widget.js",
    },
  },
});
