import { delimiter, resolve } from 'node:path'
import { Object, Set, process } from '../primordials.js'
import { workerNodeOptions } from './exec-argv.js'

// What a test runner, a parent with a channel, a cluster or a watcher tells this process and no other.
const FOR_THIS_PROCESS_ONLY: ReadonlySet<string> = new Set([
  'NODE_TEST_CONTEXT',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'WATCH_REPORT_DEPENDENCIES'
])

// Files and directories that Node reads or writes: each a path, or several with a delimiter between them.
const PATHS: ReadonlySet<string> = new Set([
  'NODE_COMPILE_CACHE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_ICU_DATA',
  'NODE_PATH',
  'NODE_REDIRECT_WARNINGS',
  'NODE_V8_COVERAGE',
  'OPENSSL_CONF',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE'
])

const RUN_AS_NODE = 'ELECTRON_RUN_AS_NODE'

/**
 * The environment of a worker as `NAME=value`, inherited or given by the user alike.
 * @param base Where relative paths are meant from; undefined: where the worker starts.
 * @param lifeline The preload that comes before those of `NODE_OPTIONS`.
 */
export function workerEnvironment(
  env: NodeJS.ProcessEnv | Readonly<Record<string, string>>,
  base?: string,
  lifeline?: string
): string[] {
  const variables: string[] = []
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || FOR_THIS_PROCESS_ONLY.has(name) || name === RUN_AS_NODE) continue
    const taken = name === 'NODE_OPTIONS' ? workerNodeOptions(value, base, lifeline) : fromBase(name, value, base)
    if (taken !== '' || name !== 'NODE_OPTIONS') variables.push(`${name}=${taken}`)
  }
  // Electron's binary starts the app otherwise.
  const runAsNode = process.versions['electron'] === undefined ? env[RUN_AS_NODE] : '1'
  if (runAsNode !== undefined) variables.push(`${RUN_AS_NODE}=${runAsNode}`)
  return variables
}

function fromBase(name: string, value: string, base: string | undefined): string {
  if (base === undefined || value === '' || !PATHS.has(name)) return value
  const paths = value.split(delimiter)
  return paths.map((path) => (path === '' ? path : resolve(base, path))).join(delimiter)
}
