// @ts-check
// An HTTP server that hashes files on a pool. It answers 503 when too many requests wait, and SIGTERM ends it gracefully.
//
//   node examples/server.mjs [port], then curl localhost:8080/README.md
import { once } from 'node:events'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { QueueFullError, WorkerPool } from 'millrace'
import { hashFile } from './server/jobs.mjs'

const directory = fileURLToPath(new URL('..', import.meta.url))
const pool = new WorkerPool({ nJobs: 2, maxQueue: 100, taskTimeout: 10_000 })

const server = createServer(async (request, response) => {
  try {
    // The path is an argument. A closure that captures `request` would cost half a millisecond more, or be refused.
    const name = basename(request.url ?? '/')
    response.end(`${await pool.apply(hashFile, [`${directory}/${name}`])} ${name}\n`)
  } catch (error) {
    response.statusCode = error instanceof QueueFullError ? 503 : 404
    response.end()
  }
})

process.once('SIGTERM', async () => {
  server.close()
  await pool.stopAndJoin({ timeout: 5_000 })
  console.log('closed')
})

server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1')
await once(server, 'listening')
const address = server.address()
console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
