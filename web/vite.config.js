import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { licenses } from './licenses.js';

const notices = licenses({ fileName: 'licenses.txt' });

export default defineConfig({
  // Relative, so the page works below any prefix.
  base: './',
  // gateway/graphiql/page.py puts a fresh nonce in its place for each response.
  html: { cspNonce: '{{nonce}}' },
  plugins: [react(), notices.main],
  worker: {
    format: 'es',
    plugins: () => [notices.worker],
  },
  build: {
    outDir: fileURLToPath(new URL('../gateway/graphiql/static', import.meta.url)),
    emptyOutDir: true,
    // A data: URL for a font or a script is nothing the page's CSP lets in.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      // Notes for the React compiler, which has run over those packages already.
      onLog(level, log, report) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
});
