// Writes the public declarations into one file: what `dist/index.d.ts` exports and what that refers to. The same text is `dist/index.d.cts`,
// for `require`: TypeScript takes a .d.ts of this package for an ES module, which a file of CommonJS cannot import.
//
//   node scripts/declarations.mjs FOLDER   the folder has what the compiler wrote
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = resolve(process.argv[2])
const entry = join(folder, 'index.d.ts')
const program = ts.createProgram([entry], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node']
})
const checker = program.getTypeChecker()

const unaliased = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
const fileOf = (node) => node.getSourceFile().fileName
const isOwn = (node) => fileOf(node).startsWith(folder)
// Its names are those of globals.
const isGlobal = (node) => /[\\/]primordials\.d\.ts$/.test(fileOf(node))

/** The statement of a declaration, at the top of its file; undefined for one that is inside of another. */
function statementOf(declaration) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  return ts.isSourceFile(statement.parent) ? statement : undefined
}

const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))
    .map((symbol) => [unaliased(symbol), symbol.name])
)
const statements = new Set()
/** What is imported, by module. */
const imports = new Map()
const names = new Map()
const queue = [...exported.keys()]
const seen = new Set(queue)

function take(symbol) {
  if (seen.has(symbol)) return
  seen.add(symbol)
  queue.push(symbol)
}

function visit(node) {
  if (ts.isImportTypeNode(node)) throw new Error(`${node.getText()}: name the type and import it`)
  if (ts.isIdentifier(node)) {
    const symbol = checker.getSymbolAtLocation(node)
    const [declaration] = symbol?.declarations ?? []
    if (declaration !== undefined && isOwn(declaration)) {
      const target = unaliased(symbol)
      const origin = target.declarations?.[0]
      if (origin === undefined || isOwn(origin)) take(target)
      else {
        const importing = ts.findAncestor(declaration, ts.isImportDeclaration)
        const from = importing?.moduleSpecifier.text
        if (!from?.startsWith('node:')) throw new Error(`${node.text} comes from '${from}', which a user may not have`)
        imports.set(from, new Set([...(imports.get(from) ?? []), declaration.getText()]))
      }
    }
  }
  node.forEachChild(visit)
}

for (const symbol of queue) {
  for (const declaration of symbol.declarations ?? []) {
    const statement = statementOf(declaration)
    if (statement === undefined || isGlobal(statement)) continue
    const known = names.get(symbol.name)
    if (known !== undefined && known !== symbol) throw new Error(`two declarations have the name ${symbol.name}`)
    names.set(symbol.name, symbol)
    if (statements.has(statement)) continue
    statements.add(statement)
    statement.forEachChild(visit)
  }
}

const isExported = (statement) => {
  const declarations = ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : [statement]
  return declarations.some(({ name }) => exported.has(checker.getSymbolAtLocation(name)))
}
for (const [symbol, name] of exported) {
  if (symbol.name !== name) throw new Error(`${symbol.name} is exported as ${name}: declare it by that name`)
}

function textOf(statement) {
  const start = statement.getStart(undefined, true)
  const comment = statement.getSourceFile().text.slice(start, statement.getStart())
  const code = statement.getText().replace(/^export /, '')
  const declared = /^(?:declare|interface|type)\b/.test(code) ? code : `declare ${code}`
  return comment + (isExported(statement) ? `export ${declared}` : declared)
}

const text = [
  ...Array.from(
    imports,
    ([from, list]) => `import type { ${[...list].map((each) => each.replace(/^type /, '')).join(', ')} } from '${from}'`
  ),
  ...Array.from(statements, textOf),
  // Without it everything would be exported.
  'export {}',
  ''
].join('\n')
mkdirSync(join(root, 'dist'), { recursive: true })
for (const name of ['index.d.ts', 'index.d.cts']) writeFileSync(join(root, 'dist', name), text)
