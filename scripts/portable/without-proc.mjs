// Loaded ahead of the specs by `npm run portable -- --as-macos`: what a spec reads of /proc, /sys and /dev/shm is not there, as on macOS.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const isHidden = (path) => /^\/(proc|sys|dev\/shm)(\/|$)/.test(String(path))

function refuse(path) {
  const error = new Error(`ENOENT: no such file or directory, '${path}'`)
  return Object.assign(error, { code: 'ENOENT', path: String(path) })
}

for (const name of ['openSync', 'readFileSync', 'readdirSync', 'readlinkSync', 'statSync']) {
  const real = fs[name]
  fs[name] = (path, ...rest) => {
    if (isHidden(path)) throw refuse(path)
    return real(path, ...rest)
  }
}
const { existsSync } = fs
fs.existsSync = (path) => !isHidden(path) && existsSync(path)
syncBuiltinESMExports()
