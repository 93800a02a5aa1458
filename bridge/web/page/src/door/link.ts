/** The join link's own part of the address: `/v/{link}`. */
export function linkOf(pathname: string): string {
  return /^\/v\/([^/]+)\/?$/.exec(pathname)?.[1] ?? '';
}
