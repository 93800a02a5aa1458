/** Leafs through the pages of a large call. */
import { useLanguage } from '../language/useLanguage';

interface PagesProps {
  current: number;
  total: number;
  onPrevious: () => void;
  onNext: () => void;
}

export function Pages({ current, total, onPrevious, onNext }: PagesProps) {
  const { t } = useLanguage();
  return (
    <nav className="pages" aria-label={t.call.pages}>
      <button type="button" aria-label={t.call.previousPage} disabled={current === 1} onClick={onPrevious}>
        ←
      </button>
      <span role="status">{t.call.page(current, total)}</span>
      <button type="button" aria-label={t.call.nextPage} disabled={current === total} onClick={onNext}>
        →
      </button>
    </nav>
  );
}
