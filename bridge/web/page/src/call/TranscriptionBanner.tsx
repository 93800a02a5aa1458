/** Always in sight while the call is transcribed; the room itself says whether it is being recorded right now. */
import { useIsRecording } from '@livekit/components-react';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';

export function TranscriptionBanner({ transcribed }: { transcribed: boolean }) {
  const { t } = useLanguage();
  const recording = useIsRecording();
  // The room is believed over what was said at the door: recorded without notice must show all the more.
  if (!transcribed && !recording) return null;
  return (
    <section className="transcription-banner" aria-label={t.transcription.banner}>
      <p>
        <strong>{t.transcription.banner}</strong>
      </p>
      <p className={recording ? 'recording-on' : 'recording-off'} role="status">
        <Icon name={recording ? 'record' : 'waiting'} />
        {recording ? t.transcription.running : t.transcription.waiting}
      </p>
    </section>
  );
}
