import { delimiter, resolve } from 'node:path'
import { Object, Set, process } from '../primordials.js'
import { workerNodeOptions } from './exec-argv.js'

// Variables by which a test runner, a parent with an IPC channel, a cluster or a watcher marks this process and no other.
const FOR_THIS_PROCESS_ONLY: ReadonlySet<string> = new Set([
  'NODE_TEST_CONTEXT',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  'WATCH_REPORT_DEPENDENCIES'
])

// Files and directories that Node reads or writes. Each is a path, or several with a delimiter between them.
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
 * The environment of a worker as `NAME=value`, whether inherited or given by the user.
 * @param base The directory where relative paths start, or undefined for the directory where the worker starts.
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
  // Otherwise Electron's binary starts the app.
  const runAsNode = process.versions['electron'] === undefined ? env[RUN_AS_NODE] : '1'
  if (runAsNode !== undefined) variables.push(`${RUN_AS_NODE}=${runAsNode}`)
  return variables
}

function fromBase(name: string, value: string, base: string | undefined): string {
  if (base === undefined || value === '' || !PATHS.has(name)) return value
  const paths = value.split(delimiter)
  return paths.map((path) => (path === '' ? path : resolve(base, path))).join(delimiter)
}
