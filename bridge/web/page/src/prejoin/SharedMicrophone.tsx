/** Whether several people speak into the microphone, so that the transcript tells their voices apart. */
import { useLanguage } from '../language/useLanguage';

interface SharedMicrophoneProps {
  shared: boolean;
  onChange: (shared: boolean) => void;
}

export function SharedMicrophone({ shared, onChange }: SharedMicrophoneProps) {
  const { t } = useLanguage();
  return (
    <div className="checkbox">
      <input
        id="shared-microphone"
        type="checkbox"
        checked={shared}
        aria-describedby="shared-microphone-hint"
        onChange={(event) => onChange(event.target.checked)}
      />
      <label htmlFor="shared-microphone">{t.prejoin.sharedMicrophone}</label>
      <p id="shared-microphone-hint" className="hint">
        {t.prejoin.sharedMicrophoneHint}
      </p>
    </div>
  );
}
