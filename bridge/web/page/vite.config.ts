import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // Everything in files of their own: the page's security policy allows no inline script or style.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'livekit', test: /livekit/ }] } } },
  },
  server: {
    // `npm run dev` beside a running Greffier: the page reloads as you write, the API is the real one.
    proxy: { '/api': 'http://127.0.0.1:8080' },
  },
});
