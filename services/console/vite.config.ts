import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Below so many bytes a compressed file saves nobody anything. */
const MIN_BYTES = 512;

/** What the page is made of beside our own: their licences go with it. */
const PACKAGES = ['preact', '@preact/signals', '@preact/signals-core', 'uplot', '@fontsource-variable/inter'];

const licences = (): Plugin => ({
  name: 'licences',
  apply: 'build',
  generateBundle() {
    const texts = PACKAGES.map((name) => {
      const path = join(import.meta.dirname, '../../node_modules', name, 'LICENSE');
      return `${name}\n\n${readFileSync(path, 'utf8').trim()}\n`;
    });
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join('\n----\n\n') });
  },
});

/** Compresses what was built, so that Rogers has only to send it. */
const compressed = (): Plugin => ({
  name: 'compressed',
  apply: 'build',
  closeBundle() {
    const folder = join(import.meta.dirname, 'dist');
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /\.(br|gz|woff2)$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      const plain = readFileSync(path);
      if (plain.length < MIN_BYTES) continue;
      writeFileSync(`${path}.br`, brotliCompressSync(plain));
      writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
    }
  },
});

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the page works below any path that a proxy gives it.
  base: './',
  plugins: [licences(), compressed()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // One script and one style: the page's policy allows nothing inline, and there is nothing to wait for.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `npm run dev -w @mad-group/console` beside a running group.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8002/console', changeOrigin: true } } },
});
