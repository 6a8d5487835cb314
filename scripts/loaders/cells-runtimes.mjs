// Versions of Node, and other runtimes.
import { join } from 'node:path'
import { installNode } from '../functions/places.mjs'
import { both, commonJs, esm, withNode, withoutCapture } from './programs.mjs'
import { run, tools } from './site.mjs'

const group = 'Runtimes'
const files = { 'main.mjs': esm, 'main.cjs': commonJs, 'both.mjs': both }

const others = {
  Bun: [join(tools, 'node_modules/@oven/bun-linux-x64/bin/bun')],
  Deno: [join(tools, 'node_modules/@deno/linux-x64-glibc/deno'), 'run', '-A']
}

/** @type {readonly import('./cells.mjs').Cell[]} */
export const runtimeCells = [
  ...['20', '22', '24', '26'].flatMap((major) =>
    ['main.mjs', 'main.cjs', 'both.mjs'].map((file) => ({
      group,
      name: `Node ${major}, ${{ 'main.mjs': 'import', 'main.cjs': 'require', 'both.mjs': 'both' }[file]}`,
      run: (site) => run([installNode(major), file], site.makeProject({ files })).output
    }))
  ),
  ...Object.entries(others).flatMap(([name, command]) => {
    const start = (site, source) =>
      run([...command, 'main.mjs'], site.makeProject({ files: { 'main.mjs': source } })).output
    return [
      {
        group,
        name: `${name}, execPath names a node`,
        note: 'functions by value that use nothing around them, and references',
        run: (site) => start(site, withNode(withoutCapture))
      },
      {
        group,
        name: `${name}, functions that use variables around them`,
        refused: /the function uses variables from around it, and this process has no inspector[^\n]*/,
        run: (site) => start(site, withNode(esm))
      },
      {
        group,
        name: `${name} without execPath`,
        refused: /execPath must be the path of a Node\.js binary[^\n]*/,
        run: (site) => start(site, esm)
      }
    ]
  }),
  {
    group,
    name: "Electron's main process",
    notRun:
      'its binary comes from no package registry; a worker is started as node by ELECTRON_RUN_AS_NODE, which launch/environment.ts sets'
  }
]
