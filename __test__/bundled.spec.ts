import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Format } from 'esbuild'
import test, { type ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))

const CODE = `import { WorkerPool } from 'millrace'
const pool = new WorkerPool({ nJobs: 1 })
const factor = 3
void pool.map((x) => x * factor, [1, 2]).then((results) => console.log(results.join()), (error) => console.log(error)).finally(() => pool.terminate())
`

/** A bundle that holds the entry of the package, in a folder of its own. */
async function bundle(t: ExecutionContext, format: Format): Promise<{ folder: string; file: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bundled-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs')
  await build({
    stdin: { contents: CODE, resolveDir: root },
    outfile: file,
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'error'
  })
  return { folder, file }
}

function run(file: string): { stdout: string; stderr: string } {
  const env = { ...process.env, NODE_OPTIONS: '' }
  return spawnSync(process.execPath, [file], { encoding: 'utf8', env, timeout: 200_000 })
}

for (const format of ['esm', 'cjs'] as const) {
  test(`a bundle that holds the entry loads the package that is installed beside it: ${format}`, async (t) => {
    const { folder, file } = await bundle(t, format)
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/millrace'))
    const { stdout, stderr } = run(file)
    t.deepEqual([stdout, stderr], ['3,6\n', ''])
  })

  test(`a bundle that holds the entry, without the package, says what to set: ${format}`, async (t) => {
    const { file } = await bundle(t, format)
    t.regex(
      run(file).stderr,
      /Error: millrace is part of a bundle, \S+bundle\.[mc]js, and is not installed beside it\. .* name 'millrace' among the external packages/
    )
  })
}
