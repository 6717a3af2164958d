import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

/** No inlined assets, and one inline script with the nonce of the portal's content security policy. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), precompress()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: ['chrome129', 'firefox136', 'safari18'],
    assetsInlineLimit: 0,
    // One style sheet: a page that loads later must not come without its looks.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
