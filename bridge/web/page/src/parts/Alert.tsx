/** One sentence in a box, with an icon for what kind it is; announced when it appears. */
import type { ReactNode } from 'react';
import { Icon } from './Icon';

interface AlertProps {
  kind: 'info' | 'warning';
  children: ReactNode;
}

export function Alert({ kind, children }: AlertProps) {
  return (
    <div className={`alert alert-${kind}`} role={kind === 'warning' ? 'alert' : 'status'}>
      <Icon name={kind} />
      <div>{children}</div>
    </div>
  );
}
