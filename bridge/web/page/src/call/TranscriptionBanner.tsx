/** Always in sight while the call is transcribed; the room itself says whether it is being recorded right now. */
import { useIsRecording } from '@livekit/components-react';
import { useEffect, useRef, useState } from 'react';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';

interface TranscriptionBannerProps {
  transcribed: boolean;
  /** The recorder has left: whether the call is still to be transcribed is worth asking again. */
  onRecordingEnd: () => void;
}

export function TranscriptionBanner({ transcribed, onRecordingEnd }: TranscriptionBannerProps) {
  const { t } = useLanguage();
  const recording = useIsRecording();
  const [announced] = useState(transcribed);
  const recorded = useRef(false);

  useEffect(() => {
    if (recorded.current && !recording) onRecordingEnd();
    recorded.current = recording;
  }, [recording, onRecordingEnd]);

  // The room is believed over what was said at the door: recorded without notice must show all the more.
  const on = transcribed || recording;
  if (!on && !announced) return null;
  return (
    <section className="transcription-banner" aria-label={on ? t.transcription.banner : t.transcription.stopped}>
      <p>
        <strong>{on ? t.transcription.banner : t.transcription.stopped}</strong>
      </p>
      <p className={recording ? 'recording-on' : 'recording-off'} role="status">
        <Icon name={recording ? 'record' : 'waiting'} />
        {recording ? t.transcription.running : on ? t.transcription.waiting : t.transcription.erased}
      </p>
    </section>
  );
}
