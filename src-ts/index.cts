/**
 * What `require('millrace')` gives: the very module that `import` gives, or a copy in one file for loaders that read no ES
 * module, such as Jest's.
 */
function load(): unknown {
  try {
    return require('./index.js')
  } catch (error) {
    // Of another realm: no instance of this one's Error.
    if ((error as { readonly code?: unknown } | undefined)?.code !== 'ERR_REQUIRE_ESM') throw error
    return require('./one-file.cjs')
  }
}

module.exports = load()
