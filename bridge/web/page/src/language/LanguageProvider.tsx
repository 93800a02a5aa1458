/** Settles the page's language: the person's choice, else the call's, else the browser's, else French. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import { recall, remember } from '../parts/memory';
import { LanguageContext } from './context';
import { en } from './en';
import { fr } from './fr';
import { isLanguage } from './language';
import type { Language } from './language';

const CATALOGUES = { fr, en };
const KEY = 'greffier.language';

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [chosen, setChosen] = useState(() => recalledLanguage());
  const [suggested, setSuggested] = useState<Language | null>(null);
  const language = chosen ?? suggested ?? browserLanguage();

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const choose = useCallback((wanted: Language) => {
    remember(KEY, wanted);
    setChosen(wanted);
  }, []);

  const state = useMemo(
    () => ({ language, t: CATALOGUES[language], choose, suggest: setSuggested }),
    [language, choose],
  );
  return <LanguageContext value={state}>{children}</LanguageContext>;
}

function recalledLanguage(): Language | null {
  const recalled = recall(KEY);
  return isLanguage(recalled) ? recalled : null;
}

function browserLanguage(): Language {
  const known = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return known ?? 'fr';
}
