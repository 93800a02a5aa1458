/** Gives a component the page's sentences. */
import { useContext } from 'react';
import { LanguageContext } from './context';
import type { LanguageState } from './context';

export function useLanguage(): LanguageState {
  const state = useContext(LanguageContext);
  if (state === null) throw new Error('useLanguage outside of LanguageProvider');
  return state;
}
