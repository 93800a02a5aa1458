/** Vite plugin: leaves a gzip and a Brotli file beside each large asset, which the server picks by Accept-Encoding. */
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const WORTH_IT_BYTES = 2048;
const COMPRESSIBLE = /\.(css|js|svg)$/;

export function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    async generateBundle(_options, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        const source = file.type === 'chunk' ? file.code : file.source;
        if (!COMPRESSIBLE.test(fileName) || source.length < WORTH_IT_BYTES) continue;
        const bytes = Buffer.from(source);
        this.emitFile({
          type: 'asset',
          fileName: `${fileName}.gz`,
          source: await promisify(gzip)(bytes, { level: 9 }),
        });
        this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: await promisify(brotliCompress)(bytes) });
      }
    },
  };
}
