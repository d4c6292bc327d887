import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const island = (name) => resolve(import.meta.dirname, 'src', `${name}.js`);

export default defineConfig({
  base: '/assets/',
  publicDir: false,
  build: {
    manifest: true,
    outDir: 'static/dist',
    assetsDir: '',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 1500,
    // One file per island; ui/manifest.py finds them by these names.
    rolldownOptions: { input: { app: island('app'), diagram: island('diagram'), form: island('form') } },
  },
});
