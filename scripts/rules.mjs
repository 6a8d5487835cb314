// The rules of the house that no linter knows. Each is a sentence, the files it binds, and what must not be in them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

const rust = (path) => /^crates\/[\w-]+\/src\/.*\.rs$/.test(path)
const typescript = (path) => path.startsWith('src-ts/')
const isTestFile = (path) => /(^|\/)(tests?|testing)(\/|\.rs$)/.test(path)

const rules = [
  {
    rule: 'the core knows no JavaScript: it must not depend on napi',
    binds: (path) => path === 'crates/millrace-core/Cargo.toml',
    forbids: /^napi/m
  },
  {
    rule: 'atomics come through crate::sync, or loom would not see them',
    binds: (path) => rust(path) && !isTestFile(path) && !path.endsWith('/sync.rs'),
    forbids: /\b(std|core)::sync::atomic\b/
  },
  {
    rule: 'unsafe lives in sys/ and channel/ of the core, and in the binding where it calls C or shows the memory',
    binds: (path) =>
      rust(path) &&
      !/\/(sys\/.*|channel\/(memory|segment|ring\/model)|millrace-node\/src\/(status|libuv|event_loop|heap_limit|loop_watcher|region|symbols))\.rs$/.test(
        path
      ),
    forbids: /\bunsafe (fn|impl|extern)\b|\bunsafe \{/
  },
  {
    rule: 'the library ends no process and sleeps nowhere',
    binds: (path) => rust(path) && !isTestFile(path),
    forbids: /\b(process::exit|thread::sleep)\(/
  },
  {
    rule: 'the binding holds no loop, lock or atomic: that belongs in the core. Only wire.rs goes through records',
    binds: (path) => path.startsWith('crates/millrace-node/src/') && !/\/wire(\/tests)?\.rs$/.test(path),
    forbids: /^\s*(for|while|loop)\b.*\{$|\b(Mutex|RwLock|Atomic[A-Z]\w+)\b/m
  },
  {
    rule: 'only src-ts/binding.ts imports the generated loader; its types are free',
    binds: (path) => typescript(path) && path !== 'src-ts/binding.ts',
    forbids: (text, path) => valueImports(text).some((target) => join(path, '..', target) === 'index.js')
  },
  {
    // The linter leaves this one out: the compiler wants the global itself in the name of a member.
    rule: 'Symbol comes from src-ts/primordials.ts, except in the name of a member',
    binds: (path) => typescript(path) && !/\/(primordials\.ts|types\/.*|entry\/.*|.*\.cts)$/.test(path),
    forbids: (text) =>
      /\bSymbol[.(]/.test(text.replace(/^ +(?:static |override |async )*\[Symbol\.\w+\]\(/gm, '')) &&
      !/\bSymbol\b[^;]*?\} from '[./]*primordials\.js'/.test(text)
  },
  {
    rule: 'a Rust file has at most 600 lines, a TypeScript file at most 250',
    binds: (path) => (rust(path) && !isTestFile(path)) || typescript(path),
    forbids: (text, path) => text.split('\n').length - 1 > (rust(path) ? 600 : 250)
  }
]

function* filesOf(directory) {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) yield* filesOf(path)
    else yield path
  }
}

/** What a module imports for more than its types. */
function valueImports(text) {
  const imports = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)
  return Array.from(imports, ([, target]) => target)
}

/** Code without its comments and without unit tests at the end of a file, which may do as they like. */
function codeOf(path) {
  const text = readFileSync(join(root, path), 'utf8')
  if (!/\.(rs|[cm]?ts)$/.test(path)) return text
  return text.replace(/^\s*\/\/.*$/gm, '').replace(/^#\[cfg\((all\()?test\b[^\n]*\nmod \w+ \{[\s\S]*/m, '')
}

/** @returns {string[]} one line for each file that breaks a rule */
export function brokenRules() {
  const paths = [...filesOf('crates'), ...filesOf('src-ts')]
  return paths.flatMap((path) => {
    const bound = rules.filter(({ binds }) => binds(path))
    if (bound.length === 0) return []
    const code = codeOf(path)
    const isBroken = ({ forbids }) => (typeof forbids === 'function' ? forbids(code, path) : forbids.test(code))
    return bound.filter(isBroken).map(({ rule }) => `${path}: ${rule}`)
  })
}
