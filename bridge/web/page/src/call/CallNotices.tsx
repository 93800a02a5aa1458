/** What needs attention during the call: the connection, sound that the browser holds back, a device that failed. */
import { useAudioPlayback, useConnectionState } from '@livekit/components-react';
import { ConnectionState } from 'livekit-client';
import { useLanguage } from '../language/useLanguage';
import { Alert } from '../parts/Alert';
import type { DeviceTrouble } from '../devices/deviceProblem';

interface CallNoticesProps {
  trouble: DeviceTrouble | undefined;
  onTroubleRead: () => void;
}

export function CallNotices({ trouble, onTroubleRead }: CallNoticesProps) {
  const { t } = useLanguage();
  return (
    <div className="call-notices">
      <ConnectionNotice />
      <BlockedSound />
      {trouble !== undefined && (
        <Alert kind="warning">
          {(trouble.kind === 'microphone' ? t.microphoneProblem : t.cameraProblem)[trouble.problem]}{' '}
          <button type="button" className="button-inline" onClick={onTroubleRead}>
            {t.close}
          </button>
        </Alert>
      )}
    </div>
  );
}

function ConnectionNotice() {
  const { t } = useLanguage();
  switch (useConnectionState()) {
    case ConnectionState.Connecting:
      return <Alert kind="info">{t.call.connecting}</Alert>;
    case ConnectionState.Reconnecting:
    case ConnectionState.SignalReconnecting:
      return <Alert kind="warning">{t.call.reconnecting}</Alert>;
    default:
      return null;
  }
}

function BlockedSound() {
  const { t } = useLanguage();
  const { canPlayAudio, startAudio } = useAudioPlayback();
  if (canPlayAudio) return null;
  return (
    <Alert kind="info">
      {t.call.soundBlocked}{' '}
      <button type="button" className="button-inline" onClick={() => void startAudio()}>
        {t.call.enableSound}
      </button>
    </Alert>
  );
}
