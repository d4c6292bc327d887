import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const island = (name) => resolve(import.meta.dirname, 'src', `${name}.js`);

export default defineConfig({
  base: '/assets/',
  publicDir: false,
  // The panel's own fields run in the one preact that the panel brings along.
  oxc: { jsx: { runtime: 'automatic', importSource: '@bpmn-io/properties-panel/preact' } },
  // package.json pins the preact of the form editor: it and the form viewer render into one another, and with two preacts neither shows.
  build: {
    manifest: true,
    outDir: 'static/dist',
    assetsDir: '',
    emptyOutDir: true,
    target: 'es2022',
    // Lowered for older browsers, light-dark() would be decided once at the root, and no island could stay light.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 1500,
    // One file per island; ui/manifest.py finds them by these names.
    rolldownOptions: { input: Object.fromEntries(['app', 'diagram', 'dmn-editor', 'feel', 'form', 'form-editor', 'modeler', 'text-editor'].map((name) => [name, island(name)])) },
  },
});
