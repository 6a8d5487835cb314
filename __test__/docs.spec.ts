import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'

import test, { type ExecutionContext } from 'ava'
import ts from 'typescript'

import { codeBlocks, pages, root, type CodeBlock } from './helpers/code-blocks.js'

/** How many blocks of each page are not run. A page without a number here has none. */
const NOT_RUN: Readonly<Record<string, number>> = { 'docs/bundlers.md': 2 }

const isTypeScript = ({ file }: CodeBlock): boolean => /\.[mc]?ts$/.test(file)
const isRun = ({ mark }: CodeBlock): boolean => !mark.startsWith('not run')

/** A project that has installed millrace by its path, with the blocks as its files. */
function makeProject(t: ExecutionContext, blocks: readonly CodeBlock[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, 'node_modules/@types'), { recursive: true })
  for (const name of ['@types/node', 'esbuild', 'undici-types']) {
    symlinkSync(join(root, 'node_modules', name), join(directory, 'node_modules', name))
  }
  symlinkSync(root, join(directory, 'node_modules/millrace'))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n')
  for (const { file, source } of blocks) writeFileSync(join(directory, file), source)
  return directory
}

/** The declarations of the library, of Node and of the language. Each is read once for all pages. */
const declarations = new Map<string, ts.SourceFile | undefined>()

function hostOf(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (file, ...how) => {
    if (!/\.d\.[mc]?ts$/.test(file)) return read(file, ...how)
    if (!declarations.has(file)) declarations.set(file, read(file, ...how))
    return declarations.get(file)
  }
  return host
}

function typeErrors(directory: string, files: readonly string[]): readonly string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    typeRoots: [join(directory, 'node_modules/@types')]
  }
  const paths = files.map((file) => join(directory, file))
  const program = ts.createProgram(paths, options, hostOf(options))
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

async function runBlock(t: ExecutionContext, page: string, directory: string, block: CodeBlock): Promise<void> {
  const where = `${page}:${block.line} (${block.file})`
  // Each block gets this long, so that a page may have many of them.
  t.timeout(280_000, where)
  const loader = isTypeScript(block) ? [`--import=${import.meta.resolve('@oxc-node/core/register')}`] : []
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [...loader, block.file], {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 200_000
  })
  if (block.mark === 'ends by SIGTERM') child.stdout.once('data', () => child.kill('SIGTERM'))
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit')
  ])
  if (block.mark !== 'writes errors') t.is(stderr, '', where)
  t.deepEqual([code, signal], [0, null], where)
  t.deepEqual(stdout.split('\n').slice(0, -1), block.output, where)
}

for (const page of pages()) {
  test.serial(`every code block of ${page} runs and prints what the page says`, async (t) => {
    const blocks = codeBlocks(page)
    t.is(blocks.filter((block) => !isRun(block)).length, NOT_RUN[page] ?? 0, 'blocks that are not run')
    t.is(new Set(blocks.map(({ file }) => file)).size, blocks.length, 'each block has a file of its own')
    const directory = makeProject(t, blocks)
    const runnable = blocks.filter(isRun)
    const typed = runnable.filter(isTypeScript).map(({ file }) => file)
    if (typed.length > 0) t.deepEqual(typeErrors(directory, typed), [], page)
    for (const block of runnable) await runBlock(t, page, directory, block)
  })
}

test('every link between pages leads to a file and a heading', (t) => {
  const texts = new Map(
    [...pages(), 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'].map((page) => [
      page,
      readFileSync(join(root, page), 'utf8')
    ])
  )
  const anchors = (page: string): readonly string[] =>
    [...(texts.get(page) ?? '').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
        .replaceAll(' ', '-')
    )
  const broken = [...texts].flatMap(([page, content]) =>
    [...content.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].flatMap(([link, path = '', anchor]) => {
      const target = path === '' ? page : resolve('/', dirname(page), path).slice(1)
      if (!existsSync(join(root, target))) return [`${page}: ${link}`]
      return anchor === undefined || anchors(target).includes(anchor) ? [] : [`${page}: ${link}`]
    })
  )
  t.deepEqual(broken, [])
})

test('the page about Node names files that exist', (t) => {
  const content = readFileSync(join(root, 'docs/internals/node.md'), 'utf8')
  const paths = [...content.matchAll(/`([\w/-]+\.c?ts)`/g)].map(([, path = '']) => path)
  t.true(paths.length > 20)
  t.deepEqual(
    paths.filter((path) => !existsSync(join(root, 'src-ts', path))),
    []
  )
})
