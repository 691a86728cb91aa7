import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const pages = ["desk", "supervisor", "admin", "login", "booth", "customer"];

// The service answers pages at their own paths and everything else under /assets, on one origin:
// so `npx vite` can stand in front of a running service while pages are being written.
const service = process.env["SECONDLINE_URL"] ?? "http://localhost:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, "../router/web/dist"),
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      input: Object.fromEntries(
        pages.map((page) => [page, resolve(import.meta.dirname, `${page}.html`)]),
      ),
    },
  },
  server: {
    proxy: { "/api": service, "/twilio": service, "/ws": { target: service, ws: true } },
  },
});
