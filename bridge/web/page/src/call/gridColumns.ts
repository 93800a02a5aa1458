/** How many columns show `count` tiles largest in a box of this size (CSS pixels). */
const TILE_RATIO = 16 / 9;
/** Narrower, no name can be read. */
const MIN_TILE_PX = 120;

export function gridColumns(count: number, width: number, height: number): number {
  let best = { columns: 1, tileWidth: 0 };
  const most = Math.max(1, Math.min(count, Math.floor(width / MIN_TILE_PX)));
  for (let columns = 1; columns <= most; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tileWidth = Math.min(width / columns, (height / rows) * TILE_RATIO);
    if (tileWidth > best.tileWidth) best = { columns, tileWidth };
  }
  return best.columns;
}
