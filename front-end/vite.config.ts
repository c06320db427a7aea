import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = `http://127.0.0.1:${process.env.MARQUEE_PORT ?? "8000"}`;

export default defineConfig({
  plugins: [react()],
  build: {
    // Nothing is inlined as data: URLs, so that `font-src 'self'` is enough in a content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // How long plugins took, on a busy machine, is no news to whoever starts the platform.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: {
    proxy: {
      // The API checks that unsafe requests come from its own origin; through the proxy that is this server.
      "/api": { target: api, changeOrigin: false },
    },
  },
});
