/** Shown while the server is asked. */
import { useLanguage } from '../language/useLanguage';
import { Screen } from '../parts/Screen';

export function Loading() {
  const { t } = useLanguage();
  return (
    <Screen narrow>
      <p role="status">{t.loading}</p>
    </Screen>
  );
}
