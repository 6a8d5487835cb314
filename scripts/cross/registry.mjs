// A registry of npm on this machine that has the packed tarballs, and sends a client elsewhere for all other packages.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { npmProgram, run } from './toolchain.mjs'

/** @returns what a registry tells of a package of which it has one version */
function describe(folder, file, url) {
  // By its name alone: to some tars a path that has a drive is one of another machine.
  const manifest = JSON.parse(run('tar', ['-xzOf', file, 'package/package.json'], { cwd: folder }))
  const integrity = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, file)))
    .digest('base64')}`
  const dist = { tarball: `${url}/-/${file}`, integrity }
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } }
  }
}

/**
 * Serves a folder of tarballs.
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serve(folder) {
  const elsewhere = run(process.execPath, [npmProgram(), 'config', 'get', 'registry']).trim().replace(/\/$/, '')
  let packages = new Map()
  const server = createServer(({ url = '' }, response) => {
    const path = decodeURIComponent(url)
    if (path.startsWith('/-/')) {
      response.end(readFileSync(join(folder, path.slice(3))))
      return
    }
    const found = packages.get(path.slice(1))
    if (found !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(found))
    else response.writeHead(307, { location: `${elsewhere}${url}` }).end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}`
  const files = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  packages = new Map(files.map((file) => describe(folder, file, url)).map((each) => [each.name, each]))
  return { url, close: () => server.close() }
}
