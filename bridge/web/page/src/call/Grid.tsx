/** The participants' tiles, as large as they fit; many of them on several pages, those who speak first. */
import { usePagination } from '@livekit/components-react';
import type { TrackReferenceOrPlaceholder } from '@livekit/components-react';
import { useRef } from 'react';
import type { CSSProperties } from 'react';
import { useLanguage } from '../language/useLanguage';
import { gridColumns } from './gridColumns';
import { Pages } from './Pages';
import { Tile } from './Tile';
import { useSize } from './useSize';

const NARROW_PX = 600;
const TILES_A_PAGE = 12;
const TILES_A_NARROW_PAGE = 6;

export function Grid({ people }: { people: TrackReferenceOrPlaceholder[] }) {
  const { t } = useLanguage();
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  const perPage = width < NARROW_PX ? TILES_A_NARROW_PAGE : TILES_A_PAGE;
  const pages = usePagination(perPage, people);
  const columns = gridColumns(pages.tracks.length, width, height);
  const style = { '--columns': columns, '--rows': Math.ceil(pages.tracks.length / columns) } as CSSProperties;
  return (
    <div className="grid">
      <div className="grid-box" ref={box}>
        <ul className="tiles" aria-label={t.call.grid} style={style}>
          {pages.tracks.map((person) => (
            <Tile key={person.participant.identity} person={person} />
          ))}
        </ul>
      </div>
      {pages.totalPageCount > 1 && (
        <Pages
          current={pages.currentPage}
          total={pages.totalPageCount}
          onPrevious={pages.prevPage}
          onNext={pages.nextPage}
        />
      )}
    </div>
  );
}
