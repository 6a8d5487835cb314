import { Map } from '../../primordials.js'
import { connected, type Connection } from './inspector.js'
import type { Position } from '../analyze/positions.js'

/** A script as the engine knows it. */
export interface ScriptText {
  readonly url: string
  /** True for a module of this process's own loader. */
  readonly isModule: boolean
  readonly source: string
  /** What the engine calls the beginning of the source. */
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

const PLACES_KEPT = 10_000
/** Scripts that the engine told of, without their texts. */
const places = new Map<string, Omit<ScriptText, 'source'>>()

let holders = 0
/** Stops listening, while the engine tells of scripts. */
let stop: (() => void) | undefined

function listen({ session, post }: Connection): void {
  if (stop !== undefined) return
  if (places.size > PLACES_KEPT) places.clear()
  const onScript = ({ params }: ScriptEvent): void => {
    const { scriptId, url, startLine, startColumn, isModule, executionContextAuxData } = params
    const first = { line: startLine, column: startColumn }
    places.set(scriptId, { url, isModule: isModule === true && executionContextAuxData?.isDefault === true, first })
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
 * Lets the engine tell of its scripts no more than once meanwhile: that takes 3 to 40 ms, and each of a table of functions may be
 * of a script of its own.
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

/** The URL of a script, which may be empty. 3 to 40 ms, unless the engine has told of it. */
export function readUrl(scriptId: string): string | undefined {
  if (!places.has(scriptId)) withScripts(() => listen(connected('the function')))
  return places.get(scriptId)?.url
}

/** The script of an id. 3 to 40 ms, the first one in {@linkcode withScripts}. */
export function readScript(scriptId: string): ScriptText | undefined {
  return withScripts(() => {
    const link = connected('the function')
    listen(link)
    const place = places.get(scriptId)
    if (place === undefined) return undefined
    const { scriptSource: source } = link.post('Debugger.getScriptSource', { scriptId }) as { scriptSource: string }
    return { ...place, source }
  })
}

/** The text of a module of this process's loader; undefined where the engine has none of the URL. */
export function readModule(url: string): string | undefined {
  return withScripts(() => {
    listen(connected('the function'))
    for (const [scriptId, place] of places) if (place.isModule && place.url === url) return readScript(scriptId)?.source
    return undefined
  })
}
