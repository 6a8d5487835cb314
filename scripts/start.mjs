// `npm start`: sets up what is needed, then runs the example that does real work.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root, setUpOrExit } from './setup.mjs'

setUpOrExit()

const example = spawn(process.execPath, [join(root, 'examples/compress/main.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit'
})
// The terminal sends Ctrl-C to both; only the example decides what it means.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => example.kill('SIGTERM'))
example.on('exit', (code, signal) => {
  if (signal) console.error(`the example was ended by ${signal}`)
  process.exitCode = code === null ? 1 : code
})
