/*
 * The first byte of every value. A byte of SMALL_INT or above is itself an integer, 0 to 127. Lengths are varints (7 bits per byte, lowest
 * first), and numbers are little-endian. The objects of a value are numbered in the order in which they begin. REF names one of them.
 * The definitions of records are numbered by the writer. They hold from one value to the next until the message ends.
 */

/** Ends the entries of an object, of an error, or of the named part of an array. Never the start of a value. */
export const END = 0
export const UNDEFINED = 1
export const NULL = 2
export const FALSE = 3
export const TRUE = 4
/** i32 */
export const INT32 = 5
/** f64 */
export const DOUBLE = 6
/** i64 */
export const BIGINT64 = 7
/** sign u8 (1: negative), varint bytes, magnitude with the highest byte first */
export const BIGINT = 8
/** varint length, one byte per character */
export const LATIN1 = 9
/** varint length in code units, two bytes each */
export const UTF16 = 10
/** varint number of an object of this value */
export const REF = 11
/** (key, value)*, END. A key is varint `(length << 1 | isWide) + 1` and its characters. */
export const OBJECT = 12
/** varint length, values in order */
export const ARRAY = 13
/** The same, but the last value may be HOLES; then named entries as of an OBJECT */
export const UNUSUAL_ARRAY = 14
/** Inside an array: (varint index + 1, value)*, END instead of the rest of its values */
export const HOLES = 15
/** varint size, (key, value)* */
export const MAP = 16
/** varint size, values */
export const SET = 17
/** f64 milliseconds */
export const DATE = 18
/** source and flags, two strings with tags */
export const REGEXP = 19
/** a primitive with its tag */
export const BOXED = 20
/** class name (string with tag), then (flags u8: ERROR_PROPERTY, perhaps with ERROR_ENUMERABLE; key; value)*, END */
export const ERROR = 21
/** message and name (strings with tags), then as ERROR */
export const DOM_EXCEPTION = 22
/** varint length, bytes */
export const BUFFER = 23
/** varint length, bytes */
export const ARRAY_BUFFER = 24
/** varint maximum length, varint length, bytes */
export const RESIZABLE_BUFFER = 25
/** kind u8, varint byte offset, varint length in elements, an ArrayBuffer with its tag or a REF to one */
export const VIEW = 26
/** kind u8, varint byte offset, the buffer: its length follows that of a resizable buffer */
export const TRACKING_VIEW = 27
/** varint number of the definition, varint bytes of it, its keys as those of an OBJECT; then as RECORD */
export const RECORD_NEW = 28
/** varint number of a definition of this message, then the values of its keys */
export const RECORD = 29
/** As RECORD_NEW and RECORD, but the object differs: the values of the first keys, END, and entries as of an OBJECT. */
export const RECORD_NEW_PART = 30
export const RECORD_PART = 31
/** varint place of a block, then a BUFFER, ARRAY_BUFFER or RESIZABLE_BUFFER, of whose bytes only the first ones are here */
export const IN_BLOCK = 32
/** The first byte of a value that has a REF, before its tag. The objects of other values need no numbers. */
export const REFERRING = 33
/** f64 id, varint length: an ArrayBuffer over a region, whose bytes are not here */
export const REGION = 34

/** Added to an integer of 0 to 127. */
export const SMALL_INT = 0x80

/** The most keys of a definition, and its most bytes. They bound what the reader does before it has read the values. */
export const LONGEST_SHAPE = 64
export const SHAPE_BYTES = 1024

/** Stands for a Buffer among the kinds of a VIEW. Only a Buffer over a region is written as one. */
export const BUFFER_VIEW = 255

export const ERROR_PROPERTY = 1
export const ERROR_ENUMERABLE = 2
