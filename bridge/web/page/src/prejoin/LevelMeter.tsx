/** How loud the microphone hears: a bar for the eyes, one sentence for everyone once a voice was heard. */
import { createAudioAnalyser } from 'livekit-client';
import type { LocalAudioTrack } from 'livekit-client';
import { useEffect, useRef, useState } from 'react';
import { useLanguage } from '../language/useLanguage';

const EVERY_MS = 80;
/** Of the analyser's 0–1 scale: above breath and fans, below a quiet voice. */
const HEARD_LEVEL = 0.15;

export function LevelMeter({ track }: { track: LocalAudioTrack }) {
  const { t } = useLanguage();
  const bar = useRef<HTMLDivElement>(null);
  const [heard, setHeard] = useState(false);

  useEffect(() => {
    const { calculateVolume, cleanup } = createAudioAnalyser(track, { cloneTrack: true });
    const timer = setInterval(() => {
      const level = Math.min(1, calculateVolume());
      bar.current?.style.setProperty('--level', level.toFixed(2));
      if (level > HEARD_LEVEL) setHeard(true);
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      void cleanup();
    };
  }, [track]);

  return (
    <div className="level">
      <div className="level-bar" ref={bar} aria-hidden="true" />
      <p role="status">{heard ? t.voice.heard : t.voice.silent}</p>
    </div>
  );
}
