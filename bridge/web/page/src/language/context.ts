/** What the page knows of its language, and how to change it. */
import { createContext } from 'react';
import type { Language } from './language';
import type { Messages } from './messages';

export interface LanguageState {
  language: Language;
  t: Messages;
  /** The person's own choice: kept on this browser. */
  choose: (language: Language) => void;
  /** The call's language: used until the person chooses. */
  suggest: (language: Language) => void;
}

export const LanguageContext = createContext<LanguageState | null>(null);
