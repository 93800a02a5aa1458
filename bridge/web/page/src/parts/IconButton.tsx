/** A button of an icon and its words; in a narrow bar the words stay for screen readers and as a tooltip. */
import type { ReactNode, Ref } from 'react';
import { Icon } from './Icon';
import type { IconName } from './Icon';

interface IconButtonProps {
  icon: IconName;
  label: string;
  /** Shown under the icon where the full label would be too long. */
  short?: string;
  look?: 'plain' | 'off' | 'danger';
  disabled?: boolean;
  expanded?: boolean;
  badge?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
  onClick: () => void;
}

export function IconButton({
  icon,
  label,
  short,
  look = 'plain',
  disabled,
  expanded,
  badge,
  ref,
  onClick,
}: IconButtonProps) {
  return (
    <button
      ref={ref}
      type="button"
      className={`icon-button icon-button-${look}`}
      aria-label={label}
      aria-expanded={expanded}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
      <span className="icon-button-label" aria-hidden="true">
        {short ?? label}
      </span>
      {badge}
    </button>
  );
}
