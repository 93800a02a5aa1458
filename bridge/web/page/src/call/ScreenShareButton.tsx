/** Shares a screen, with its sound where the browser can; absent where it cannot (phones). */
import { useTrackToggle } from '@livekit/components-react';
import { Track } from 'livekit-client';
import { canShareScreen } from '../devices/deviceProblem';
import { useLanguage } from '../language/useLanguage';
import { IconButton } from '../parts/IconButton';

export function ScreenShareButton() {
  const { t } = useLanguage();
  const { enabled, pending, toggle } = useTrackToggle({
    source: Track.Source.ScreenShare,
    captureOptions: { audio: true, selfBrowserSurface: 'exclude' },
  });
  if (!canShareScreen()) return null;
  return (
    <IconButton
      icon={enabled ? 'screenOff' : 'screen'}
      label={enabled ? t.screenShare.stop : t.screenShare.start}
      disabled={pending}
      onClick={() => void toggle()}
    />
  );
}
