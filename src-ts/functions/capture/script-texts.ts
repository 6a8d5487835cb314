import { Map } from '../../primordials.js'
import { connected, type Connection } from './inspector.js'
import type { Position } from '../analyze/positions.js'

/** A script of the engine. */
export interface ScriptText {
  readonly url: string
  /** Whether it is a module of this process's own loader. */
  readonly isModule: boolean
  readonly source: string
  /** The position that the engine gives to the beginning of the source. */
  readonly first: Position
}

interface ScriptEvent {
  readonly params: {
    readonly scriptId: string
    readonly url: string
    readonly startLine: number
    readonly startColumn: number
    readonly isModule?: boolean
    readonly executionContextAuxData?: { readonly isDefault?: boolean }
  }
}

const SCRIPTS_KEPT = 10_000
/** The scripts that the engine has reported, without their texts. */
const scripts = new Map<string, Omit<ScriptText, 'source'>>()

let holders = 0
/** Stops listening to the engine's reports of scripts. Set while listening. */
let stop: (() => void) | undefined

function listen({ session, post }: Connection): void {
  if (stop !== undefined) return
  if (scripts.size > SCRIPTS_KEPT) scripts.clear()
  const onScript = ({ params }: ScriptEvent): void => {
    const { scriptId, url, startLine, startColumn, isModule, executionContextAuxData } = params
    const first = { line: startLine, column: startColumn }
    scripts.set(scriptId, { url, isModule: isModule === true && executionContextAuxData?.isDefault === true, first })
  }
  session.on('Debugger.scriptParsed', onScript as never)
  stop = () => {
    stop = undefined
    session.off('Debugger.scriptParsed', onScript as never)
    post('Debugger.disable')
  }
  post('Debugger.enable')
}

/**
 * Makes the engine report its scripts at most once during `act`. A report takes 3 to 40 ms, and each function of a table may be from
 * another script.
 */
export function withScripts<T>(act: () => T): T {
  holders++
  try {
    return act()
  } finally {
    holders--
    if (holders === 0) stop?.()
  }
}

/** The URL of a script, which may be empty. Takes 3 to 40 ms, unless the engine has reported the script already. */
export function readUrl(scriptId: string): string | undefined {
  if (!scripts.has(scriptId)) withScripts(() => listen(connected('the function')))
  return scripts.get(scriptId)?.url
}

/** The script with an id. The first one in {@linkcode withScripts} takes 3 to 40 ms. */
export function readScript(scriptId: string): ScriptText | undefined {
  return withScripts(() => {
    const link = connected('the function')
    listen(link)
    const script = scripts.get(scriptId)
    if (script === undefined) return undefined
    const { scriptSource: source } = link.post('Debugger.getScriptSource', { scriptId }) as { scriptSource: string }
    return { ...script, source }
  })
}

/** The text of a module of this process's loader. undefined if the engine has no script with the URL. */
export function readModule(url: string): string | undefined {
  return withScripts(() => {
    listen(connected('the function'))
    for (const [scriptId, script] of scripts)
      if (script.isModule && script.url === url) return readScript(scriptId)?.source
    return undefined
  })
}
