/** A screen's heading: takes the focus when the screen appears, so that screen readers and keyboards start there. */
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';

export function Heading({ children, documentTitle }: { children: ReactNode; documentTitle: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    document.title = `${documentTitle} – Greffier`;
  }, [documentTitle]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
