/** The name under which one joins, with its own error beside it. */
import type { Ref } from 'react';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';

interface NameFieldProps {
  name: string;
  error: string | undefined;
  onChange: (name: string) => void;
  ref: Ref<HTMLInputElement>;
}

export function NameField({ name, error, onChange, ref }: NameFieldProps) {
  const { t } = useLanguage();
  return (
    <div className="field">
      <label htmlFor="name">{t.prejoin.nameLabel}</label>
      <p id="name-hint" className="hint">
        {t.prejoin.nameHint}
      </p>
      <input
        ref={ref}
        id="name"
        type="text"
        autoComplete="name"
        maxLength={64}
        required
        value={name}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? 'name-hint' : 'name-error name-hint'}
        onChange={(event) => onChange(event.target.value)}
      />
      {error !== undefined && (
        <p id="name-error" className="field-error">
          <Icon name="warning" />
          {error}
        </p>
      )}
    </div>
  );
}
