// Types follow from the function. Needs Node.js 22.18 or later, or a loader such as tsx.
//
//   node examples/typescript.mts
import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { PoolError, tasks, WorkerPool } from 'millrace'

interface Size {
  readonly name: string
  readonly bytes: number
}

const docs: string = fileURLToPath(new URL('../docs', import.meta.url))
const names: readonly string[] = readdirSync(docs).filter((name) => name.endsWith('.md'))
const { hashFile } = tasks<typeof import('./server/jobs.mjs')>(new URL('./server/jobs.mjs', import.meta.url))

const pool = new WorkerPool({ nJobs: 2 })
try {
  const sizes: Size[] = await pool.map(
    (name: string): Size => ({ name, bytes: statSync(`${docs}/${name}`).size }),
    names
  )
  // A reference has the type of the export. A number in place of the path would be an error of the compiler.
  const hash: string = await pool.apply(hashFile, [`${docs}/${names[0]}`])
  console.log(`${sizes.length} pages, ${sizes.every(({ bytes }) => bytes > 0)}, ${hash.length} digits`)
} catch (error) {
  if (error instanceof PoolError) console.error(error.code)
  throw error
} finally {
  await pool.stopAndJoin()
}
