/** The person's own picture before joining, as in a mirror, or the words for why there is none. */
import type { LocalVideoTrack } from 'livekit-client';
import { useEffect, useRef } from 'react';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';
import type { Preview } from './usePreview';

export function CameraPreview({ preview }: { preview: Preview<LocalVideoTrack> }) {
  const { t } = useLanguage();
  const video = useRef<HTMLVideoElement>(null);
  const { track } = preview;

  useEffect(() => {
    const element = video.current;
    if (track === undefined || element === null) return;
    track.attach(element);
    return () => {
      track.detach(element);
    };
  }, [track]);

  return (
    <div className="camera-preview">
      {track === undefined ? (
        <p>
          <Icon name="cameraOff" />
          {preview.state === 'starting' ? t.prejoin.cameraStarting : t.prejoin.cameraOff}
        </p>
      ) : (
        <video ref={video} className="mirrored" aria-label={t.prejoin.preview} muted playsInline />
      )}
    </div>
  );
}
