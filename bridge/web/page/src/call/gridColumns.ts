/** How many columns show `count` tiles largest in a box of this size (CSS pixels). */
const TILE_RATIO = 16 / 9;

export function gridColumns(count: number, width: number, height: number): number {
  let best = { columns: 1, tileWidth: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tileWidth = Math.min(width / columns, (height / rows) * TILE_RATIO);
    if (tileWidth > best.tileWidth) best = { columns, tileWidth };
  }
  return best.columns;
}
