// What can be said of a library for Windows elsewhere: which libraries it needs.

/** Libraries that every Windows 10 has. Microsoft's compiler takes others too, which come with programs that were built by it. */
const SYSTEM = /^(kernel32|ntdll|advapi32|userenv|ws2_32|bcrypt|bcryptprimitives|psapi|api-ms-win-[\w-]+)\.dll$/i
/** Where the 64-bit optional header has the address of the table of imports. */
const IMPORTS = 120

/**
 * @param {Buffer} file
 * @returns {string[]} the names of the libraries that the loader has to find
 */
export function librariesOf(file) {
  const header = file.readUInt32LE(0x3c)
  if (file.readUInt16LE(header + 24) !== 0x20b) throw new Error('it is no 64-bit library of Windows')
  const sections = Array.from({ length: file.readUInt16LE(header + 6) }, (_, index) => {
    const at = header + 24 + file.readUInt16LE(header + 20) + 40 * index
    const [bytes, address, , start] = [8, 12, 16, 20].map((offset) => file.readUInt32LE(at + offset))
    return { bytes, address, start }
  })
  const place = (address) => {
    const found = sections.find((section) => address >= section.address && address < section.address + section.bytes)
    if (found === undefined) throw new Error(`its address ${address} lies in no section`)
    return address - found.address + found.start
  }
  const names = []
  const table = file.readUInt32LE(header + 24 + IMPORTS)
  for (let at = table === 0 ? undefined : place(table); at !== undefined; at += 20) {
    const name = file.readUInt32LE(at + 12)
    if (name === 0) break
    names.push(file.toString('latin1', place(name), file.indexOf(0, place(name))))
  }
  return names
}

/**
 * What is wrong with a library for Windows.
 * @param {Buffer} file
 * @returns {string[]}
 */
export function problemsOfDll(file) {
  const others = librariesOf(file).filter((name) => !SYSTEM.test(name))
  return others.length === 0 ? [] : [`it needs ${others.join(' and ')}`]
}
