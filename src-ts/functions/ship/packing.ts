import { TextDecoder, TextEncoder, Uint8Array } from '../../primordials.js'

/** The data of one function that crosses the process boundary. */
export interface Packed {
  readonly json: string
  /** The values that it captures, encoded by the codec. */
  readonly data: Uint8Array
}

/** Separates the two parts, because JSON has no such byte. */
const END_OF_JSON = 0

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Writes a definition. Its values are bytes already. */
export function packDefinition({ json, data }: Packed): Uint8Array {
  const text = encoder.encode(json)
  if (data.length === 0) return text
  const packed = new Uint8Array(text.length + 1 + data.length)
  packed.set(text)
  packed[text.length] = END_OF_JSON
  packed.set(data, text.length + 1)
  return packed
}

/** Copies a definition out of the bytes. */
export function unpackDefinition(bytes: Uint8Array): Packed {
  const end = bytes.indexOf(END_OF_JSON)
  return end < 0
    ? { json: decoder.decode(bytes), data: new Uint8Array() }
    : { json: decoder.decode(bytes.subarray(0, end)), data: bytes.slice(end + 1) }
}
