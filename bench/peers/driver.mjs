// The process in which one peer of Node.js is measured: lines `{ id, command, args }` in, `{ id, value }` or `{ id, error }` out.
//   node bench/peers/driver.mjs <peer> <workers> <root of the build>
import { createInterface } from 'node:readline'
import { commandsOf } from './commands.mjs'

const [, , name, workersText, root] = process.argv
const workers = Number(workersText)

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

async function load() {
  if (name === 'bare') return (await import('./bare.mjs')).open(workers).commands
  if (name === 'codecs') return (await import('./codecs.mjs')).commandsFor(root)
  if (name !== 'millrace') return commandsOf((await import(`./${name}.mjs`)).open, workers)
  const [{ prepare }, { ownCommands }] = await Promise.all([import('./millrace.mjs'), import('./own-commands.mjs')])
  const own = await prepare(root)
  return { ...(await commandsOf(own.open, workers)), ...(await ownCommands(own, workers)) }
}

try {
  const commands = await load()
  say({ id: 0, value: 0 })
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, command, args } = JSON.parse(line)
    try {
      if (commands[command] === undefined) throw new Error(`${name} has no command ${command}`)
      say({ id, value: await commands[command](...args) })
    } catch (error) {
      say({ id, error: String(error?.message ?? error) })
    }
  }
} catch (error) {
  say({ id: 0, error: String(error?.message ?? error) })
}
process.exit()
