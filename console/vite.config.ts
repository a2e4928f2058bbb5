// Builds the pages into dist/, which the crate beside puts into the server.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { type Plugin, defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Smaller files gain less than the answer's headers weigh. */
const GZIP_BYTES_MIN = 512;

/** The pages, each with a script of its name. */
const PAGES = ['index', 'watch', 'pair', 'account'];

/** What is compressed already. */
const COMPRESSED = /\.(?:ico|png|jpe?g|webp|woff2?)$/;

export default defineConfig({
  root: here('web'),
  base: '/',
  publicDir: here('web/public'),
  plugins: [licences(), withoutMaps(), gzip()],
  build: {
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2022',
    // Every file is a file: nothing inline that a policy would have to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js is that large, and the server is near.
    chunkSizeWarningLimit: 800,
    reportCompressedSize: false,
    rollupOptions: {
      input: PAGES.map((page) => here(`web/${page}.html`)),
      output: {
        // The form of a name tells that it never stands for other bytes: see build.rs.
        hashCharacters: 'hex',
        entryFileNames: 'assets/[name].[hash:12].js',
        chunkFileNames: 'assets/[name].[hash:12].js',
        assetFileNames: 'assets/[name].[hash:12][extname]',
      },
    },
  },
});

/** The licence of what is distributed with the pages, at an address that pages can name. */
function licences(): Plugin {
  return {
    name: 'weir:licences',
    generateBundle() {
      const text = readFileSync(here('node_modules/hls.js/LICENSE'), 'utf8');
      const about = 'The watch page plays broadcasts with hls.js, under this licence:\n\n';
      const source = about + text.trim() + '\n';
      this.emitFile({ type: 'asset', fileName: 'assets/licences.txt', source });
    },
  };
}

/** Takes away the names of source maps, which are not distributed. */
function withoutMaps(): Plugin {
  return {
    name: 'weir:without-maps',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.js')) continue;
        const text = Buffer.from(file.source).toString('utf8');
        file.source = text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');
      }
    },
  };
}

/** Writes `name.gz` beside each file that is much smaller so: the server does not compress. */
function gzip(): Plugin {
  return {
    name: 'weir:gzip',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          if (COMPRESSED.test(file.fileName) || bytes.length < GZIP_BYTES_MIN) continue;
          const source = gzipSync(bytes, { level: 9 });
          this.emitFile({ type: 'asset', fileName: `${file.fileName}.gz`, source });
        }
      },
    },
  };
}
