// Writes the declarations that `require` gets: those of the ES module once more, as .d.cts. TypeScript takes a .d.ts of this package for an
// ES module, which a file of CommonJS cannot import.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
/** At the start of a line: comments have imports as well. The suite `attw` finds what is written in another way. */
const SPECIFIER = /^((?:import|export)\b[^'"\n]*\bfrom )(['"])(\.{1,2}\/[^'"\n]+)\.js\2/gm

const entry = join(dist, 'index.d.ts')
const paths = new Set([entry])
for (const path of paths) {
  const text = readFileSync(path, 'utf8')
  for (const [, , , specifier] of text.matchAll(SPECIFIER)) paths.add(join(dirname(path), `${specifier}.d.ts`))
  const commonJs = text.replaceAll(SPECIFIER, '$1$2$3.cjs$2')
  writeFileSync(path.replace(/\.ts$/, '.cts'), commonJs)
}
