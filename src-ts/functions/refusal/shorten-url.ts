import { fileURLToPath } from 'node:url'

/** A module's place for messages: a `data:` URL holds its whole text. */
export function shortenUrl(url: string): string {
  const place = url.startsWith('file:') ? fileURLToPath(url) : url
  return place.length > 200 ? `${place.slice(0, 200)}...` : place
}
