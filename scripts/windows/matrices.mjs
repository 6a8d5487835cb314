// The crash and parent matrices on Windows; elsewhere under wine, where outcomes are kept, so that a run goes on where the last one ended.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { windowsNode } from '../cross/nodes.mjs'
import { binaryName } from '../cross/targets.mjs'
import { root } from '../setup.mjs'
import { target, tree } from './tree.mjs'
import { underWine } from './wine.mjs'

/**
 * Runs them, and writes their tables into docs/reliability.md once every cell has run.
 * @param {{ node: string, only: readonly string[], minutes?: string }} options
 * @returns {Promise<number | null>} 0 if all cells hold that have run
 */
export async function runMatrices({ node, only, minutes }) {
  const args = ['scripts/matrix.mjs', '--system', 'windows', '--page', join(root, 'docs/reliability.md')]
  if (only.length > 0) args.push('--only', only[0])
  if (minutes !== undefined) args.push('--minutes', minutes)
  if (process.platform === 'win32') {
    return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status
  }
  if (only.length === 0) args.push('--outcomes', outcomesOf(node))
  const { status, stdout, stderr } = await underWine([windowsNode(node), ...args], { cwd: tree })
  console.log(`${stdout}${stderr}`.trim())
  return status
}

/** The file with the outcomes of this binary. */
function outcomesOf(node) {
  const hash = createHash('sha256').update(readFileSync(join(tree, binaryName(target))))
  return join(dirname(tree), `outcomes-${node}-${hash.digest('hex').slice(0, 16)}.json`)
}
