// `node scripts/cross/check-macos.mjs`: checks the binaries for macOS that `npm run build:all` has left, as far as that goes elsewhere.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { problemsOf, readLibrary } from './macho.mjs'
import { symbolsOfOldestMacos } from './oldest-macos.mjs'
import { binaryName, packageFolder, targets } from './targets.mjs'

let checked = 0
for (const target of targets.filter(({ os }) => os === 'darwin')) {
  const path = join(packageFolder(target), binaryName(target))
  if (!existsSync(path)) continue
  checked += 1
  const library = readLibrary(readFileSync(path))
  const problems = problemsOf(library, target.cpu, symbolsOfOldestMacos(target.cpu))
  const { minimum, libraries, dynamic, system, isSigned } = library
  console.log(
    `${target.rust}: macOS ${minimum}, ${isSigned ? 'signed' : 'not signed'}, ${libraries.length} libraries, ` +
      `${system.length} symbols of the system, ${dynamic.length} of the program`
  )
  for (const problem of problems) console.error(`${target.rust}: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
if (checked === 0) {
  console.error('there is no binary for macOS: npm run build:all -- --target darwin-arm64')
  process.exitCode = 1
}
