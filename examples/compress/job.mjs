// @ts-check
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'

/** @typedef {{ sha256: string, bytes: number, compressedBytes: number }} Digest */

/**
 * One task: reads a file, hashes it, and compresses it with brotli at quality 8.
 *
 * @param {string} path
 * @returns {Digest}
 */
export default function compress(path) {
  const content = readFileSync(path)
  const compressed = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 8 } })
  return {
    sha256: createHash('sha256').update(content).digest('hex'),
    bytes: content.length,
    compressedBytes: compressed.length
  }
}
