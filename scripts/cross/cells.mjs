// On what the packages are tried: a system, and a release of Node.js that the registries have for it.

/** Of each release that `engines` in package.json allows, for the glibc of this machine. */
const native = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'].map((node) => ({
  name: `x64, glibc, Node.js ${node}`,
  npm: 'linux-x64-gnu',
  node
}))

/** @type {readonly { name: string, npm: string, node: string, byPath?: boolean }[]} */
export const cells = [
  ...native,
  { name: 'x64, glibc, Node.js 22.23.3, the tarballs by path', npm: 'linux-x64-gnu', node: '22.23.3', byPath: true },
  { name: 'x64, musl, Node.js 22.20.0', npm: 'linux-x64-musl', node: '22.20.0' },
  { name: 'x64, musl, Node.js 24.19.0', npm: 'linux-x64-musl', node: '24.19.0' },
  { name: 'arm64, glibc, Node.js 22.23.3, emulated', npm: 'linux-arm64-gnu', node: '22.23.3' },
  { name: 'arm64, glibc, Node.js 24.22.0, emulated', npm: 'linux-arm64-gnu', node: '24.22.0' },
  { name: 'arm64, musl, Node.js 24.19.0, emulated', npm: 'linux-arm64-musl', node: '24.19.0' },
  { name: 'Windows x64, Node.js 22.23.3, wine', npm: 'win32-x64-msvc', node: '22.23.3' },
  { name: 'Windows x64, Node.js 24.21.0, wine', npm: 'win32-x64-msvc', node: '24.21.0' },
  { name: 'Windows x64, Node.js 26.10.0, wine', npm: 'win32-x64-msvc', node: '26.10.0' }
]
