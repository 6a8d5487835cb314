import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** @param {number} workers @returns {Promise<import('./node-pool.mjs').Peer>} */
export async function open(workers) {
  const script = fileURLToPath(new URL('pool.py', import.meta.url))
  const child = spawn('python3', [script, String(workers)], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child, 'spawn')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (...command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`multiprocessing.Pool ended during ${command[0]}`)
    return Number(value)
  }
  return {
    name: 'multiprocessing.Pool',
    apply: (count) => ask('apply', count),
    chunked: (count) => ask('chunked', count),
    unchunked: (count) => ask('unchunked', count),
    burn: (count, iterations) => ask('burn', count, iterations),
    echo: (buffers) => ask('echo', buffers.length, buffers[0].length),
    calibrate: () => ask('calibrate'),
    bare: (count, iterations) => ask('bare', count, iterations),
    async close() {
      child.stdin.end()
      await once(child, 'exit')
    }
  }
}
