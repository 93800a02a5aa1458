/** The small switch between the page's languages; each is named in itself. */
import { LANGUAGES } from './language';
import type { Language } from './language';
import { useLanguage } from './useLanguage';

const NAMES: Record<Language, string> = { fr: 'Français', en: 'English' };

export function LanguageSwitch() {
  const { language, t, choose } = useLanguage();
  return (
    <div className="language-switch" role="group" aria-label={t.language.choose}>
      {LANGUAGES.map((each) => (
        <button
          key={each}
          type="button"
          lang={each}
          aria-pressed={each === language}
          aria-label={`${each.toUpperCase()} – ${NAMES[each]}`}
          onClick={() => choose(each)}
        >
          {each.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
