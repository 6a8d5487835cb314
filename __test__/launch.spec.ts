import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { workerEnvironment } from '../src-ts/launch/environment.js'
import { workerExecArgv, workerNodeOptions } from '../src-ts/launch/exec-argv.js'
import { describeLaunch } from '../src-ts/launch/launch.js'

const IS_WINDOWS = process.platform === 'win32'

/** A text whose absolute paths and file URLs, which are in angle brackets, have the drive that Windows adds. */
const onThisSystem = (text: string): string =>
  text.replaceAll(/<(file:\/\/)?(.*?)>/g, (_match, isUrl: string | undefined, path: string) =>
    isUrl === undefined ? resolve(path) : `${pathToFileURL('/').href}${path.slice(1)}`
  )

// Each is put in the midst of flags that are kept.
const leftOut = `
  -e code | --eval code | --eval=code=0 | -p | -p code | -p -e code | -pe code | --print code | --print=code
  -i | --interactive -e code | -c | --check | --run start | --run=start | --input-type module -e code | --input-type=module
  --inspect | --inspect=0 | --inspect=127.0.0.1:9230 | --inspect-brk | --inspect_brk=0 | --inspect-wait | --inspect-port 0
  --inspect-publish-uid stderr | --debug-port 0 | --debug_port=0 | --entry-url | --
  --test | --test-only --test-force-exit | --test-name-pattern foo --test-name-pattern=bar | --test-some-later-flag value
  --test-reporter spec --test-reporter-destination stdout | --test-shard 1/2 | --test-concurrency 3 --test-timeout=100
  --watch | --watch-path . --watch-path=src | --watch-preserve-output | --watch-kill-signal SIGTERM
  --build-snapshot | --build-snapshot-config file | --snapshot-blob file | --snapshot-blob=file --build-snapshot
  --prof-process | --experimental-sea-config file`
  .trim()
  .split(/\n| \| /)
  .map((row) => row.trim().split(' '))

const kept: readonly (readonly string[])[] = [
  [],
  ['-r', 'dotenv/config', '--import', 'tsx', '--loader', './l.mjs', '--experimental-loader=x'],
  ['--require', './--test', '--import=./-e', '--require', '\\-e', '--title', '', '--title', 'eval'],
  ['-C', 'dev', '--conditions=test', '--env-file', '.env', '--env_file=.env'],
  ['--max-old-space-size=100', '--max_old_space_size=100', '--expose-gc', '-expose-gc'],
  ['--prof', '--no-warnings', '--no-inspect', '--trace-uncaught', '--unhandled-rejections', 'strict'],
  ['--experimental-test-module-mocks', '--experimental-eventsource', '--preserve-symlinks']
]

test('flags that are not for workers are left out with their values', (t) => {
  for (const words of leftOut) {
    const given = ['--enable-source-maps', ...words, '-r', 'a.cjs', '--title=t']
    t.deepEqual(workerExecArgv(given), ['--enable-source-maps', '-r', 'a.cjs', '--title=t'], words.join(' '))
  }
  t.deepEqual(workerExecArgv(['--eval=a = b', '-p', 'a b']), [])
  t.deepEqual(workerExecArgv(['word', '--title=t']), ['--title=t'])
})

test('every other flag is kept with its value', (t) => {
  for (const given of kept) t.deepEqual(workerExecArgv(given), given, given.join(' '))
})

const moved: readonly (readonly [given: string, expected: string])[] = [
  ['-r ./a.cjs --require=../c.cjs', '-r </home/x/a.cjs> --require=</home/c.cjs>'],
  [
    '--import ./a%20b.mjs?q=1 --loader=../l.mjs',
    '--import <file:///home/x/a%20b.mjs?q=1> --loader=<file:///home/l.mjs>'
  ],
  ['--experimental_loader=./l.mjs', '--experimental_loader=<file:///home/x/l.mjs>'],
  ['--env-file .env --env_file=/e', '--env-file </home/x/.env> --env_file=</e>'],
  ['-r name --import=tsx --import /a.mjs -r .hidden', '-r name --import=tsx --import /a.mjs -r .hidden'],
  ['--title ./a -C ../b', '--title ./a -C ../b'],
  ['--allow-fs-read=* --allow-fs-write=out', '--allow-fs-read=* --allow-fs-write=</home/x/out>'],
  ['--cpu-prof-dir=p --diagnostic-dir ../d', '--cpu-prof-dir=</home/x/p> --diagnostic-dir </home/d>']
]

test('relative preloads and env files are found from another directory', (t) => {
  for (const [given, expected] of moved) {
    t.is(workerExecArgv(given.split(' '), resolve('/home/x')).join(' '), onThisSystem(expected))
    t.is(workerExecArgv(given.split(' ')).join(' '), given)
  }
  const atRoot = ['--import=<file:///a.mjs>', '-r', '</b>'].map(onThisSystem)
  t.deepEqual(workerExecArgv(['--import=./a.mjs', '-r', './b'], resolve('/')), atRoot)
})

const nodeOptions: readonly (readonly [given: string, left: string])[] = [
  ['', ''],
  ['   ', ''],
  ['""', ''],
  ['--inspect', ''],
  ['--inspect-port 0 --title x  --inspect', '--title x'],
  ['"--inspect" --expose-gc', '--expose-gc'],
  ['--title "a b" --test-only', '--title "a b"'],
  ['--require="./my file.cjs" --watch-path "a b"', '"--require=./my file.cjs"'],
  [String.raw`--title "a\"b\\c"`, String.raw`--title "a\"b\\c"`],
  [String.raw`--title a\b "c\d"`, String.raw`--title a\b cd`],
  ['--title x\ty', '--title x\ty'],
  // Node refuses these three; the worker is to say so.
  ['--inspect "x', '--inspect "x'],
  ['--inspect "x\\', '--inspect "x\\'],
  ['"', '"']
]

test('NODE_OPTIONS is read and quoted as Node does', (t) => {
  for (const [given, expected] of nodeOptions) t.is(workerNodeOptions(given), expected, given)
  const path = resolve('/my home/a.cjs').replaceAll('\\', '\\\\')
  t.is(workerNodeOptions('-r ./a.cjs', resolve('/my home')), `-r "${path}"`)
})

test('a worker gets the environment without the variables that were meant for this process only', (t) => {
  const env = {
    PATH: '/bin',
    EMPTY: '',
    EQUALS: 'a=b',
    ABSENT: undefined,
    NODE_TEST_CONTEXT: 'child-v8',
    NODE_CHANNEL_FD: '3',
    NODE_CHANNEL_SERIALIZATION_MODE: 'json',
    NODE_UNIQUE_ID: '1',
    WATCH_REPORT_DEPENDENCIES: '1',
    NODE_OPTIONS: '--inspect --title=x',
    NODE_V8_COVERAGE: '/coverage'
  }
  const expected = ['PATH=/bin', 'EMPTY=', 'EQUALS=a=b', 'NODE_OPTIONS=--title=x', 'NODE_V8_COVERAGE=/coverage']
  t.deepEqual(workerEnvironment(env), expected)
  t.deepEqual(workerEnvironment({ NODE_OPTIONS: '--inspect' }), [])
  t.deepEqual(workerEnvironment({ ELECTRON_RUN_AS_NODE: '' }), ['ELECTRON_RUN_AS_NODE='])
})

test('relative paths in the environment are found from another directory', (t) => {
  const given = ['lib', '', '/opt/lib'].join(delimiter)
  const env = { NODE_V8_COVERAGE: 'cov', NODE_EXTRA_CA_CERTS: '/ca', NODE_PATH: given, HOME: 'x' }
  t.deepEqual(workerEnvironment(env, resolve('/home/x')), [
    onThisSystem('NODE_V8_COVERAGE=</home/x/cov>'),
    onThisSystem('NODE_EXTRA_CA_CERTS=</ca>'),
    onThisSystem(`NODE_PATH=</home/x/lib>${delimiter}${delimiter}</opt/lib>`),
    'HOME=x'
  ])
})

test.serial('under Electron a worker runs as Node', (t) => {
  Object.defineProperty(process.versions, 'electron', { value: '30.0.0', configurable: true })
  t.teardown(() => Reflect.deleteProperty(process.versions, 'electron'))
  t.deepEqual(workerEnvironment({ A: '1', ELECTRON_RUN_AS_NODE: '' }), ['A=1', 'ELECTRON_RUN_AS_NODE=1'])
})

const FILES = { lifeline: '/l/lifeline.cjs', worker: '/l/worker.mjs', addon: '/l/addon.node' }
const NOTHING = { env: undefined, cwd: undefined, execArgv: undefined, execPath: undefined, stdio: 'inherit' } as const
const HERITAGE = {
  execPath: '/bin/node',
  execArgv: ['-r', './a.cjs', '-e', 'code'],
  env: { A: '1', NODE_OPTIONS: '-r ./b.cjs' },
  cwd: '/home',
  base: '/home'
}

test('settings that the user did not give are inherited', (t) => {
  t.deepEqual(describeLaunch(NOTHING, FILES, HERITAGE), {
    program: '/bin/node',
    args: ['/bin/node', '--require', FILES.lifeline, '-r', './a.cjs', FILES.worker, FILES.addon],
    env: ['A=1', `NODE_OPTIONS=--require ${FILES.lifeline} -r ./b.cjs`],
    cwd: '/home',
    quiet: false
  })
  t.deepEqual(describeLaunch({ ...NOTHING, cwd: '/home' }, FILES, HERITAGE).args.slice(3, 5), ['-r', './a.cjs'])
  const own = describeLaunch(NOTHING, FILES)
  t.is(own.program, process.execPath)
  t.deepEqual(own.args.slice(3, -2), workerExecArgv(process.execArgv))
  t.true(own.env.includes(`PATH=${process.env['PATH'] ?? ''}`))
})

test('in another directory, inherited paths are those of the directory where the program was started', (t) => {
  const launch = describeLaunch({ ...NOTHING, cwd: '/data' }, FILES, HERITAGE)
  t.is(launch.cwd, '/data')
  t.deepEqual(launch.args.slice(3, 5), ['-r', resolve('/home/a.cjs')])
  t.deepEqual(launch.env, ['A=1', `NODE_OPTIONS=--require ${FILES.lifeline} -r ${resolve('/home/b.cjs')}`])
  const later = describeLaunch(NOTHING, FILES, { ...HERITAGE, cwd: '/later' })
  t.is(later.cwd, '/later')
  t.deepEqual([later.args, later.env], [launch.args, launch.env])
  const fromDeleted = describeLaunch({ ...NOTHING, cwd: '/data' }, FILES, { ...HERITAGE, base: undefined })
  t.deepEqual(fromDeleted.args.slice(3, 5), ['-r', './a.cjs'])
})

test('settings that the user gave are used unchanged, except variables that are not for workers', (t) => {
  const settings = {
    env: { B: '2', NODE_OPTIONS: '--inspect -r ./c.cjs', NODE_UNIQUE_ID: '1' },
    cwd: '/data',
    execArgv: ['--inspect=0', '-r', './d.cjs'],
    execPath: '/opt/node',
    stdio: 'ignore'
  } as const
  t.deepEqual(describeLaunch(settings, FILES, HERITAGE), {
    program: '/opt/node',
    args: ['/opt/node', '--require', FILES.lifeline, '--inspect=0', '-r', './d.cjs', FILES.worker, FILES.addon],
    env: ['B=2', `NODE_OPTIONS=--require ${FILES.lifeline} -r ./c.cjs`],
    cwd: '/data',
    quiet: true
  })
  const bare = describeLaunch(NOTHING, FILES, { ...HERITAGE, execArgv: [], env: {} })
  t.deepEqual(describeLaunch({ ...NOTHING, execArgv: [], env: {} }, FILES, HERITAGE), bare)
})

for (const otherHost of ['a single-executable app', 'Bun', 'Deno'] as const)
  test(`${otherHost} needs execPath`, (t) => {
    const heritage = { ...HERITAGE, otherHost }
    t.throws(() => describeLaunch(NOTHING, FILES, heritage), {
      instanceOf: TypeError,
      code: 'ERR_POOL_INVALID_OPTION',
      message: `execPath must be the path of a Node.js binary (in ${otherHost}), got undefined`
    })
    t.is(describeLaunch({ ...NOTHING, execPath: '/bin/node' }, FILES, heritage).program, '/bin/node')
  })

// From here on with real processes.

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string) =>
  spawnSync(process.execPath, args, { env, cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 200_000 })

const PRINT = 'console.log(">" + JSON.stringify(process.execArgv) + "<")'
const printed = (stdout: string): unknown => JSON.parse(/>(\[.*\])</.exec(stdout)?.[1] ?? 'null')

const typed: readonly (readonly string[])[] = [
  ['-e', PRINT],
  ['--eval', PRINT],
  [`--eval=${PRINT}`],
  ['-p', PRINT],
  ['--print', '--eval', PRINT],
  ['-pe', PRINT],
  ['-i', '-e', PRINT],
  ['--input-type', 'module', '--inspect-port', '0', '--test-shard', '1/2', '-e', PRINT]
]

test('process.execArgv has the expected form, whichever way the code is given', (t) => {
  for (const words of typed) {
    const { stdout, stderr } = run(['--title', 'x', ...words, '--no-deprecation', '--'])
    const execArgv = printed(stdout)
    t.deepEqual(execArgv, ['--title', 'x', ...words, '--no-deprecation'], `${words.join(' ')}: ${stderr}`)
    t.deepEqual(workerExecArgv(execArgv as string[]), ['--title', 'x', '--no-deprecation'])
  }
})

// What reading execArgv without a table of flags stands on.
test('Node refuses a value that looks like a flag, and a V8 flag that is separate from its value', (t) => {
  t.regex(run(['--title', '-x', '-e', PRINT]).stderr, /--title requires an argument/)
  t.not(run(['--stack-trace-limit', '5', '-e', PRINT]).status, 0)
  const escaped = ['--title', '\\-x', '-e', PRINT]
  t.deepEqual(printed(run(escaped).stdout), escaped)
})

test('a worker starts from what was described', (t) => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'millrace launch ')))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const [home, data] = [join(directory, 'home'), join(directory, 'data')]
  for (const path of [home, data]) mkdirSync(path)
  const write = (path: string, text: string): string => {
    writeFileSync(path, text)
    return path
  }
  write(join(home, '.env'), 'FROM_FILE=1\n')
  // Windows allows neither of the two characters in the name of a file.
  const odd = IS_WINDOWS ? "a 'b.cjs" : 'a "b\\.cjs'
  write(join(home, odd), 'globalThis.seen.push("options")')
  write(join(home, 'c.cjs'), 'globalThis.seen.push("require")')
  write(join(home, 'd e.mjs'), 'globalThis.seen.push("import" + new URL(import.meta.url).search)')
  const files = {
    lifeline: write(join(directory, 'lifeline.cjs'), '(globalThis.seen ??= []).push("lifeline", process.argv.at(-1))'),
    worker: write(
      join(directory, 'worker.mjs'),
      'console.log(JSON.stringify([globalThis.seen, process.cwd(), process.env.FROM_FILE, process.debugPort]))'
    ),
    addon: '/addon.node'
  }
  const quoted = (path: string): string => `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  const launch = describeLaunch({ ...NOTHING, cwd: data }, files, {
    execPath: process.execPath,
    execArgv: ['-r', './c.cjs', '--import=./d%20e.mjs?q', '--env-file=.env', '--inspect-port', '1234', '-e', 'code'],
    env: {
      NODE_OPTIONS: `--inspect=0 --test-only -r ${quoted(files.lifeline)} --require ${quoted(`./${odd}`)}`,
      NODE_TEST_CONTEXT: 'child-v8'
    },
    cwd: data,
    base: home
  })
  const env = Object.fromEntries(launch.env.map((line) => line.split(/=(.*)/s).slice(0, 2)))
  t.deepEqual(Object.keys(env), ['NODE_OPTIONS'])
  const { status, stdout, stderr } = run(launch.args.slice(1), env, launch.cwd)
  t.is(status, 0, stderr)
  t.is(stderr, '')
  t.deepEqual(JSON.parse(stdout), [['lifeline', '/addon.node', 'options', 'require', 'import?q'], data, '1', 9229])
})
