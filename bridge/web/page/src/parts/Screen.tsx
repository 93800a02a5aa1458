/** The frame around every screen but the call: the service's name, the language switch, the content. */
import type { ReactNode } from 'react';
import { LanguageSwitch } from '../language/LanguageSwitch';

export function Screen({ children, narrow = false }: { children: ReactNode; narrow?: boolean }) {
  return (
    <>
      <header className="site-header">
        <p className="site-name">Greffier</p>
        <LanguageSwitch />
      </header>
      <main className={narrow ? 'screen screen-narrow' : 'screen'}>{children}</main>
    </>
  );
}
